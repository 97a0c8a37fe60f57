// subgroup_sums: 32 rows x 32 columns of sums in the registers of a subgroup of 8 lanes
//
// Each element of the factors that a lane loads serves many products. Lane l owns columns l, l + 8,
// l + 16 and l + 24 of each row, in one vec4.

const LANES: u32 = 8u;
const BLOCK: u32 = 32u;

alias Sums = array<vec4<f32>, BLOCK>;

// Adds a term to every sum. A lane has its four elements of the columns, and four of the block's 32 of
// the rows, rows l, l + 8, l + 16 and l + 24; it shares those with the others by subgroupBroadcast, whose
// lane must be a constant: hence the named rows.
fn add(sums: ptr<function, Sums>, part: vec4<f32>, terms: vec4<f32>) {
    (*sums)[0] += subgroupBroadcast(part.x, 0u) * terms;
    (*sums)[1] += subgroupBroadcast(part.x, 1u) * terms;
    (*sums)[2] += subgroupBroadcast(part.x, 2u) * terms;
    (*sums)[3] += subgroupBroadcast(part.x, 3u) * terms;
    (*sums)[4] += subgroupBroadcast(part.x, 4u) * terms;
    (*sums)[5] += subgroupBroadcast(part.x, 5u) * terms;
    (*sums)[6] += subgroupBroadcast(part.x, 6u) * terms;
    (*sums)[7] += subgroupBroadcast(part.x, 7u) * terms;
    (*sums)[8] += subgroupBroadcast(part.y, 0u) * terms;
    (*sums)[9] += subgroupBroadcast(part.y, 1u) * terms;
    (*sums)[10] += subgroupBroadcast(part.y, 2u) * terms;
    (*sums)[11] += subgroupBroadcast(part.y, 3u) * terms;
    (*sums)[12] += subgroupBroadcast(part.y, 4u) * terms;
    (*sums)[13] += subgroupBroadcast(part.y, 5u) * terms;
    (*sums)[14] += subgroupBroadcast(part.y, 6u) * terms;
    (*sums)[15] += subgroupBroadcast(part.y, 7u) * terms;
    (*sums)[16] += subgroupBroadcast(part.z, 0u) * terms;
    (*sums)[17] += subgroupBroadcast(part.z, 1u) * terms;
    (*sums)[18] += subgroupBroadcast(part.z, 2u) * terms;
    (*sums)[19] += subgroupBroadcast(part.z, 3u) * terms;
    (*sums)[20] += subgroupBroadcast(part.z, 4u) * terms;
    (*sums)[21] += subgroupBroadcast(part.z, 5u) * terms;
    (*sums)[22] += subgroupBroadcast(part.z, 6u) * terms;
    (*sums)[23] += subgroupBroadcast(part.z, 7u) * terms;
    (*sums)[24] += subgroupBroadcast(part.w, 0u) * terms;
    (*sums)[25] += subgroupBroadcast(part.w, 1u) * terms;
    (*sums)[26] += subgroupBroadcast(part.w, 2u) * terms;
    (*sums)[27] += subgroupBroadcast(part.w, 3u) * terms;
    (*sums)[28] += subgroupBroadcast(part.w, 4u) * terms;
    (*sums)[29] += subgroupBroadcast(part.w, 5u) * terms;
    (*sums)[30] += subgroupBroadcast(part.w, 6u) * terms;
    (*sums)[31] += subgroupBroadcast(part.w, 7u) * terms;
}
