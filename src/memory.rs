//! How much memory this process can get: checked before taking a lot of it, because running out ends a process
//! without a message.

use crate::error::{Error, Result};
use std::fs;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Available memory, and what limits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Bytes.
    pub bytes: u64,
    /// The limit, in words.
    pub limit: &'static str,
}

/// The memory available now: the least of the machine's free memory and swap, what is left to this process's
/// container or group, and what is left of its address space (`ulimit -v`). None if the system does not report it.
#[must_use]
pub fn available() -> Option<Available> {
    let memory = MemoryRefreshKind::nothing().with_ram().with_swap();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
    let machine = Some(system.available_memory() + system.free_swap());
    // Files that the group has in memory can be evicted.
    let group = system
        .cgroup_limits()
        .map(|group| group.total_memory.saturating_sub(group.rss) + group.free_swap);
    let limits = [
        (machine.filter(|&bytes| bytes > 0), "free on this machine"),
        (group.filter(|_| system.available_memory() > 0), "left to this container or group"),
        (addresses(), "left of the address space (ulimit -v)"),
    ];
    let known =
        limits.into_iter().filter_map(|(bytes, limit)| Some(Available { bytes: bytes?, limit }));
    known.min_by_key(|one| one.bytes)
}

/// Address space that an allocator reserves for threads besides what it hands out: glibc reserves this much for each
/// thread that allocates.
const SET_ASIDE: u64 = 64 << 20;

/// Bytes of address space that this process may still take; none if unlimited, and on systems other than Linux, which
/// do not report it or have no such limit.
fn addresses() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let taken: u64 = taken.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub((taken << 10) + SET_ASIDE))
}

/// Amounts below this are not checked.
const FEW: u64 = 16 << 20;

/// Checks that `what` can get this many more bytes.
///
/// # Errors
/// [`Error::Config`] if it cannot, with what takes `less`.
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
        "{what} takes about {} more memory at its peak, but only {} is {}; {less}",
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
            "this run takes about 3.0 GiB more memory at its peak, but only 300 MiB is left; take less"
        );
        Ok(())
    }
}
