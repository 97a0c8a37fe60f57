//! `normlab devices`: every adapter, which one would be used and why, and what it can do.

use super::arguments::DeviceArguments;
use super::output::{Status, print};
use crate::backend::Backend;
use crate::backend::cpu::CpuBackend;
use crate::backend::gpu::adapters::{self, Listing};
use crate::backend::interpreter::InterpreterBackend;
use crate::kernels::library::Library;
use clap::Args;
use std::io::Write;

/// Arguments of `normlab devices`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    device: DeviceArguments,
}

/// Lists the adapters.
pub(super) fn list(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let chosen = adapters::choose(&arguments.device.device)?;
    let precision = arguments.device.precision();
    let chosen = chosen.first().map(|chosen| chosen.listing(precision)).transpose()?;
    let mut marked = false;
    for candidate in adapters::candidates() {
        let listing = candidate.listing(precision)?;
        let same = chosen.as_ref().is_some_and(|chosen| chosen.adapter == listing.adapter);
        let used = same && !marked;
        marked |= used;
        print(out, &describe(&listing, used))?;
    }
    let engine = CpuBackend.adapter();
    let interpreter = InterpreterBackend::<f32>::new(Library::default()).adapter();
    match chosen {
        Some(_) => {
            print(out, &format!("  {}: always available; --device cpu", engine.adapter))?;
            let interpreter = interpreter.adapter;
            print(out, &format!("  {interpreter}: always available; --device interpreter"))?;
        }
        None if arguments.device.device == adapters::DeviceChoice::Cpu => {
            print(out, &format!("* {}: used, as asked", engine.adapter))?;
        }
        None if arguments.device.device == adapters::DeviceChoice::Interpreter => {
            print(out, &format!("* {}: used, as asked", interpreter.adapter))?;
        }
        None => print(out, &format!("* {}: used, since {}", engine.adapter, adapters::why_none()))?,
    }
    Ok(Status::Good)
}

fn describe(listing: &Listing, used: bool) -> String {
    let adapter = &listing.adapter;
    let (mark, choice) = if used { ("*", "used; ") } else { (" ", "") };
    let mut lines = vec![
        format!("{mark} {} ({}, {})", adapter.adapter, adapter.backend, adapter.kind),
        format!("    driver    {}", adapter.driver),
        format!("    choice    {choice}{}", listing.rank),
    ];
    let limits = listing.limits.iter().map(|(name, value)| format!("{name} {value}"));
    lines.push(format!("    limits    {}", limits.collect::<Vec<_>>().join(", ")));
    let features = listing
        .features
        .iter()
        .map(|(name, has)| format!("{name}: {}", if *has { "yes" } else { "no" }));
    lines.push(format!("    features  {}", features.collect::<Vec<_>>().join(", ")));
    let variants = listing.variants.iter();
    lines.extend(variants.map(|(kernel, variant)| format!("    variant   {kernel}: {variant}")));
    lines.extend(listing.hints.iter().map(|hint| format!("    hint      {hint}")));
    lines.join("\n")
}
