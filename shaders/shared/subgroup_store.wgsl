// subgroup_store: the sums of subgroup_sums become rows of a result
//
// Their indices are constants, so that they stay in registers. The including file defines Block, with
// the block's first row, and store_row, which writes a lane's four elements of a row.

fn store_sums(sums: ptr<function, Sums>, block: Block) {
    store_row(block, block.row + 0u, (*sums)[0]);
    store_row(block, block.row + 1u, (*sums)[1]);
    store_row(block, block.row + 2u, (*sums)[2]);
    store_row(block, block.row + 3u, (*sums)[3]);
    store_row(block, block.row + 4u, (*sums)[4]);
    store_row(block, block.row + 5u, (*sums)[5]);
    store_row(block, block.row + 6u, (*sums)[6]);
    store_row(block, block.row + 7u, (*sums)[7]);
    store_row(block, block.row + 8u, (*sums)[8]);
    store_row(block, block.row + 9u, (*sums)[9]);
    store_row(block, block.row + 10u, (*sums)[10]);
    store_row(block, block.row + 11u, (*sums)[11]);
    store_row(block, block.row + 12u, (*sums)[12]);
    store_row(block, block.row + 13u, (*sums)[13]);
    store_row(block, block.row + 14u, (*sums)[14]);
    store_row(block, block.row + 15u, (*sums)[15]);
    store_row(block, block.row + 16u, (*sums)[16]);
    store_row(block, block.row + 17u, (*sums)[17]);
    store_row(block, block.row + 18u, (*sums)[18]);
    store_row(block, block.row + 19u, (*sums)[19]);
    store_row(block, block.row + 20u, (*sums)[20]);
    store_row(block, block.row + 21u, (*sums)[21]);
    store_row(block, block.row + 22u, (*sums)[22]);
    store_row(block, block.row + 23u, (*sums)[23]);
    store_row(block, block.row + 24u, (*sums)[24]);
    store_row(block, block.row + 25u, (*sums)[25]);
    store_row(block, block.row + 26u, (*sums)[26]);
    store_row(block, block.row + 27u, (*sums)[27]);
    store_row(block, block.row + 28u, (*sums)[28]);
    store_row(block, block.row + 29u, (*sums)[29]);
    store_row(block, block.row + 30u, (*sums)[30]);
    store_row(block, block.row + 31u, (*sums)[31]);
}
