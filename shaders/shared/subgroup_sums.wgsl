// subgroup_sums: 32 rows x 32 columns of sums in the registers of a subgroup of 8 lanes
//
// Each element of the factors that a lane loads serves many products. Lane l owns columns l, l + 8,
// l + 16 and l + 24 of each row, in one vec4.

const LANES: u32 = 8u;
const BLOCK: u32 = 32u;

alias Sums = array<vec4<f32>, BLOCK>;

// Adds two terms to every sum, those of one k and of the next: a sum that does not fit in a register is fetched and
// stored once for both. A lane has its four elements of the columns, and four of the block's 32 of
// the rows, rows l, l + 8, l + 16 and l + 24; it shares those with the others by subgroupBroadcast, whose
// lane must be a constant: hence the named rows.
fn add(
    sums: ptr<function, Sums>,
    part: vec4<f32>,
    terms: vec4<f32>,
    next_part: vec4<f32>,
    next_terms: vec4<f32>,
) {
    (*sums)[0] = (*sums)[0] + subgroupBroadcast(part.x, 0u) * terms
        + subgroupBroadcast(next_part.x, 0u) * next_terms;
    (*sums)[1] = (*sums)[1] + subgroupBroadcast(part.x, 1u) * terms
        + subgroupBroadcast(next_part.x, 1u) * next_terms;
    (*sums)[2] = (*sums)[2] + subgroupBroadcast(part.x, 2u) * terms
        + subgroupBroadcast(next_part.x, 2u) * next_terms;
    (*sums)[3] = (*sums)[3] + subgroupBroadcast(part.x, 3u) * terms
        + subgroupBroadcast(next_part.x, 3u) * next_terms;
    (*sums)[4] = (*sums)[4] + subgroupBroadcast(part.x, 4u) * terms
        + subgroupBroadcast(next_part.x, 4u) * next_terms;
    (*sums)[5] = (*sums)[5] + subgroupBroadcast(part.x, 5u) * terms
        + subgroupBroadcast(next_part.x, 5u) * next_terms;
    (*sums)[6] = (*sums)[6] + subgroupBroadcast(part.x, 6u) * terms
        + subgroupBroadcast(next_part.x, 6u) * next_terms;
    (*sums)[7] = (*sums)[7] + subgroupBroadcast(part.x, 7u) * terms
        + subgroupBroadcast(next_part.x, 7u) * next_terms;
    (*sums)[8] = (*sums)[8] + subgroupBroadcast(part.y, 0u) * terms
        + subgroupBroadcast(next_part.y, 0u) * next_terms;
    (*sums)[9] = (*sums)[9] + subgroupBroadcast(part.y, 1u) * terms
        + subgroupBroadcast(next_part.y, 1u) * next_terms;
    (*sums)[10] = (*sums)[10] + subgroupBroadcast(part.y, 2u) * terms
        + subgroupBroadcast(next_part.y, 2u) * next_terms;
    (*sums)[11] = (*sums)[11] + subgroupBroadcast(part.y, 3u) * terms
        + subgroupBroadcast(next_part.y, 3u) * next_terms;
    (*sums)[12] = (*sums)[12] + subgroupBroadcast(part.y, 4u) * terms
        + subgroupBroadcast(next_part.y, 4u) * next_terms;
    (*sums)[13] = (*sums)[13] + subgroupBroadcast(part.y, 5u) * terms
        + subgroupBroadcast(next_part.y, 5u) * next_terms;
    (*sums)[14] = (*sums)[14] + subgroupBroadcast(part.y, 6u) * terms
        + subgroupBroadcast(next_part.y, 6u) * next_terms;
    (*sums)[15] = (*sums)[15] + subgroupBroadcast(part.y, 7u) * terms
        + subgroupBroadcast(next_part.y, 7u) * next_terms;
    (*sums)[16] = (*sums)[16] + subgroupBroadcast(part.z, 0u) * terms
        + subgroupBroadcast(next_part.z, 0u) * next_terms;
    (*sums)[17] = (*sums)[17] + subgroupBroadcast(part.z, 1u) * terms
        + subgroupBroadcast(next_part.z, 1u) * next_terms;
    (*sums)[18] = (*sums)[18] + subgroupBroadcast(part.z, 2u) * terms
        + subgroupBroadcast(next_part.z, 2u) * next_terms;
    (*sums)[19] = (*sums)[19] + subgroupBroadcast(part.z, 3u) * terms
        + subgroupBroadcast(next_part.z, 3u) * next_terms;
    (*sums)[20] = (*sums)[20] + subgroupBroadcast(part.z, 4u) * terms
        + subgroupBroadcast(next_part.z, 4u) * next_terms;
    (*sums)[21] = (*sums)[21] + subgroupBroadcast(part.z, 5u) * terms
        + subgroupBroadcast(next_part.z, 5u) * next_terms;
    (*sums)[22] = (*sums)[22] + subgroupBroadcast(part.z, 6u) * terms
        + subgroupBroadcast(next_part.z, 6u) * next_terms;
    (*sums)[23] = (*sums)[23] + subgroupBroadcast(part.z, 7u) * terms
        + subgroupBroadcast(next_part.z, 7u) * next_terms;
    (*sums)[24] = (*sums)[24] + subgroupBroadcast(part.w, 0u) * terms
        + subgroupBroadcast(next_part.w, 0u) * next_terms;
    (*sums)[25] = (*sums)[25] + subgroupBroadcast(part.w, 1u) * terms
        + subgroupBroadcast(next_part.w, 1u) * next_terms;
    (*sums)[26] = (*sums)[26] + subgroupBroadcast(part.w, 2u) * terms
        + subgroupBroadcast(next_part.w, 2u) * next_terms;
    (*sums)[27] = (*sums)[27] + subgroupBroadcast(part.w, 3u) * terms
        + subgroupBroadcast(next_part.w, 3u) * next_terms;
    (*sums)[28] = (*sums)[28] + subgroupBroadcast(part.w, 4u) * terms
        + subgroupBroadcast(next_part.w, 4u) * next_terms;
    (*sums)[29] = (*sums)[29] + subgroupBroadcast(part.w, 5u) * terms
        + subgroupBroadcast(next_part.w, 5u) * next_terms;
    (*sums)[30] = (*sums)[30] + subgroupBroadcast(part.w, 6u) * terms
        + subgroupBroadcast(next_part.w, 6u) * next_terms;
    (*sums)[31] = (*sums)[31] + subgroupBroadcast(part.w, 7u) * terms
        + subgroupBroadcast(next_part.w, 7u) * next_terms;
}
