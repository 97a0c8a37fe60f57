//! What memory there is for this process: asked before much of it is taken, because memory that is not there ends
//! a process without a word.

use crate::error::{Error, Result};
use std::fs;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Memory that is to be had, and what limits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Bytes.
    pub bytes: u64,
    /// What there are no more of, for people.
    pub limit: &'static str,
}

/// What is to be had now: by the machine's free memory and swap, by the group of processes that this one is put
/// in, as in a container, and by what its addresses are limited to (`ulimit -v`). None where the system does not
/// tell.
#[must_use]
pub fn available() -> Option<Available> {
    let memory = MemoryRefreshKind::nothing().with_ram().with_swap();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
    let machine = Some(system.available_memory() + system.free_swap());
    // Files that the group has in memory give way.
    let group = system
        .cgroup_limits()
        .map(|group| group.total_memory.saturating_sub(group.rss) + group.free_swap);
    let limits = [
        (machine.filter(|&bytes| bytes > 0), "free on this machine"),
        (group.filter(|_| system.available_memory() > 0), "left to this container or group"),
        (addresses(), "left of the address space (ulimit -v)"),
    ];
    let told =
        limits.into_iter().filter_map(|(bytes, limit)| Some(Available { bytes: bytes?, limit }));
    told.min_by_key(|one| one.bytes)
}

/// Addresses that an allocator takes for threads beside what it gives out: glibc sets so many aside for each that
/// allocates.
const SET_ASIDE: u64 = 64 << 20;

/// Bytes of addresses that this process may still take; none where they are not limited, and on other systems than
/// Linux, which do not tell or have no such limit.
fn addresses() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let taken: u64 = taken.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub((taken << 10) + SET_ASIDE))
}

/// Bytes that are not worth asking for.
const FEW: u64 = 16 << 20;

/// Checks that `what` can have so many bytes more.
///
/// # Errors
/// [`Error::Config`] where they are not to be had, with what takes `less`.
pub fn require(bytes: u64, what: &str, less: &str) -> Result<()> {
    if bytes < FEW {
        return Ok(());
    }
    match available() {
        Some(there) if there.bytes < bytes => Err(refusal(bytes, there, what, less)),
        _ => Ok(()),
    }
}

fn refusal(bytes: u64, there: Available, what: &str, less: &str) -> Error {
    Error::Config(format!(
        "{what} takes about {} more memory at its peak, and {} are {}; {less}",
        words(bytes),
        words(there.bytes),
        there.limit
    ))
}

/// Bytes as people read them: `350 MiB`, `1.4 GiB`.
#[must_use]
pub fn words(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1000.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_some_memory_and_not_all_there_could_be() -> Result<()> {
        assert!(available().is_none_or(|there| there.bytes > 1 << 20));
        require(1, "nothing", "")?;
        let there = Available { bytes: 300 << 20, limit: "left" };
        let said = refusal(3 << 30, there, "this run", "take less").to_string();
        assert_eq!(
            said,
            "this run takes about 3.0 GiB more memory at its peak, and 300 MiB are left; take less"
        );
        Ok(())
    }
}
