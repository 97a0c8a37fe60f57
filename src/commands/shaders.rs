//! `normlab shaders`: lists the shaders, or exports a copy to edit.

use super::arguments::{DeviceArguments, ShaderArguments};
use super::opening::open_best;
use super::output::{Status, print};
use super::terminal;
use crate::backend::gpu::adapters;
use crate::kernels;
use crate::kernels::activation::Activation;
use crate::kernels::export::export as write_shipped;
use crate::kernels::shader::Shader;
use crate::report::table;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// The subcommands of `normlab shaders`.
#[derive(Subcommand, Clone, Debug)]
pub(super) enum Command {
    /// List every kernel with its variants, what they need, and whether this adapter can run them.
    List(ListArguments),
    /// Write the shipped shaders to a folder, to edit and use with --shaders.
    Export(ExportArguments),
}

/// Arguments of `normlab shaders list`.
#[derive(Args, Clone, Debug)]
pub(super) struct ListArguments {
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
}

/// Arguments of `normlab shaders export`.
#[derive(Args, Clone, Debug)]
pub(super) struct ExportArguments {
    /// The folder to write to; it is created if missing, and nothing in it is overwritten.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs a subcommand.
pub(super) fn execute(command: &Command, out: &mut dyn Write) -> anyhow::Result<Status> {
    match command {
        Command::List(arguments) => list(arguments, out),
        Command::Export(arguments) => export(arguments, out),
    }
}

fn list(arguments: &ListArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let library = arguments.shaders.library()?;
    let candidates = adapters::choose(&arguments.device.device)?;
    let backend = open_best(&candidates, &arguments.device, library.clone(), out)?;
    let header = ["kernel", "variant", "workgroup", "needs", "here", "tunables"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for kernel in kernels::ALL {
        for variant in library.variants(kernel)? {
            let shader = library.shader(kernel, &variant, Activation::default())?;
            let here = match &backend {
                None => "no adapter".to_owned(),
                Some(backend) => match backend.selection().lacks(kernel, &variant)? {
                    Some(reason) => reason,
                    None if backend
                        .selection()
                        .variant(kernel)
                        .is_ok_and(|used| used == variant) =>
                    {
                        "used".to_owned()
                    }
                    None => "can run".to_owned(),
                },
            };
            let place = [kernel.name().to_owned(), variant];
            rows.push(
                place
                    .into_iter()
                    .chain([workgroup(&shader), needs(&shader), here, offered(&shader)])
                    .collect(),
            );
        }
    }
    print(out, &table::columns(&rows, terminal::width()))?;
    let header = ["kernel", "computes"].map(str::to_owned).to_vec();
    let computes =
        kernels::ALL.map(|one| vec![one.name().to_owned(), one.contract.summary.to_owned()]);
    print(
        out,
        &format!("\n{}", table::columns(&[vec![header], computes.to_vec()].concat(), None)),
    )?;
    Ok(Status::Good)
}

/// Invocations of a workgroup, for example 8 x 8.
fn workgroup(shader: &Shader) -> String {
    let [x, y, z] = shader.workgroup_size;
    match (y, z) {
        (1, 1) => x.to_string(),
        (_, 1) => format!("{x} x {y}"),
        _ => format!("{x} x {y} x {z}"),
    }
}

/// The tunable constants of a shader, for example `SIDE 8 (4 8 16)`.
fn offered(shader: &Shader) -> String {
    let offered = shader.tunables.iter().map(|tunable| {
        let choices: Vec<_> = tunable.choices.iter().map(u32::to_string).collect();
        format!("{} {} ({})", tunable.name, tunable.value, choices.join(" "))
    });
    let offered: Vec<_> = offered.collect();
    if offered.is_empty() { "–".to_owned() } else { offered.join(", ") }
}

/// What a shader requires of its adapter, or prefers.
fn needs(shader: &Shader) -> String {
    let requires = &shader.requires;
    let subgroups = match requires.subgroup_sizes.is_empty() {
        true => requires.subgroups.then(|| "subgroups".to_owned()),
        false => Some(format!("subgroups of {}", requires.lanes())),
    };
    let matrices = requires.cooperative_matrix;
    let matrices = matrices.map(|side| format!("cooperative matrices {side} x {side}"));
    let preferred = [
        shader.prefers.hardware.then(|| "prefers hardware".to_owned()),
        shader.prefers.cheap_barriers.then(|| "prefers cheap barriers".to_owned()),
        shader.prefers.software.then(|| "prefers software".to_owned()),
    ];
    let needs: Vec<_> =
        subgroups.into_iter().chain(matrices).chain(preferred.into_iter().flatten()).collect();
    if needs.is_empty() { "–".to_owned() } else { needs.join(", ") }
}

fn export(arguments: &ExportArguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let folder = &arguments.folder;
    let count = write_shipped(folder)?;
    let path = folder.display();
    print(
        out,
        &format!(
            "{count} shaders are in {path}. Edit one, or add another next to it, and try:\n  normlab \
             check KERNEL --shaders {path}\n  normlab train --shaders {path} --variant KERNEL=NAME"
        ),
    )?;
    Ok(Status::Good)
}
