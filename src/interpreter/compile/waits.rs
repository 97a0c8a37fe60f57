//! Which blocks wait for other invocations.

use naga::{Block, Statement};

/// Whether a block waits for other invocations; `functions` says which functions do.
pub(super) fn waits(block: &Block, functions: &[bool]) -> bool {
    block.iter().any(|statement| match statement {
        Statement::Block(inner) => waits(inner, functions),
        Statement::If { accept, reject, .. } => {
            waits(accept, functions) || waits(reject, functions)
        }
        Statement::Switch { cases, .. } => cases.iter().any(|case| waits(&case.body, functions)),
        Statement::Loop { body, continuing, .. } => {
            waits(body, functions) || waits(continuing, functions)
        }
        Statement::Call { function, .. } => functions.get(function.index()).is_some_and(|&it| it),
        Statement::ControlBarrier(_)
        | Statement::WorkGroupUniformLoad { .. }
        | Statement::SubgroupBallot { .. }
        | Statement::SubgroupGather { .. }
        | Statement::SubgroupCollectiveOperation { .. } => true,
        _ => false,
    })
}
