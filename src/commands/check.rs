//! `normlab check`: compares each kernel's results with its CPU reference, and each activation's gradient with central
//! differences.

use super::arguments::{DeviceArguments, ShaderArguments};
use super::check_activations::check_activations;
use super::check_engine::check_engine;
use super::opening::{keep_pipelines, open_adapter, open_interpreter, use_pipelines};
use super::output::{Status, print, verdict, wrong};
use super::sanitize;
use super::tally::Tally;
use super::terminal;
use crate::backend::ShaderBackend;
use crate::backend::gpu::adapters::DeviceChoice;
use crate::check::Trial;
use crate::compare;
use crate::error::{Error, Result};
use crate::export::conformance::Suite;
use crate::export::page;
use crate::files;
use crate::kernels;
use crate::kernels::activation::Activation;
use crate::kernels::cases::Case;
use crate::kernels::kernel::Kernel;
use crate::kernels::library::Library;
use crate::kernels::setting::{self, Setting};
use crate::leeway::Permitted;
use crate::report::table;
use crate::sanitize::formula;
use clap::Args;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `normlab check`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The kernels to check [default: all, and the activations].
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    /// An activation to check, by name or as PATH.wgsl.
    ///
    /// Compares its gradient with central differences, and checks the kernels that have an activation with this one.
    #[arg(long, value_name = "NAME")]
    activation: Option<Activation>,
    /// Also check each shader with every value of each of its tunable constants.
    ///
    /// Varies one constant at a time, and pairs at the ends of their ranges if a line of the shader uses both.
    #[arg(long)]
    all_tunables: bool,
    /// Also run the shaders on the CPU, to find data races and other mistakes that adapters hide.
    ///
    /// See `normlab sanitize`.
    #[arg(long)]
    sanitize: bool,
    /// Write a page that checks the kernels in a browser, instead of checking them here.
    ///
    /// It checks all variants that the browser can run, on their smaller cases.
    #[arg(long, value_name = "FILE.html", conflicts_with_all = ["all_tunables", "sanitize"])]
    page: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArguments,
    #[command(flatten)]
    shaders: ShaderArguments,
}

impl Arguments {
    /// The kernels to check.
    fn kernels(&self) -> Result<Vec<&'static Kernel>> {
        if self.kernels.is_empty() {
            let concerned = |one: &&Kernel| self.activation.is_none() || one.contract.activation;
            return Ok(kernels::ALL.into_iter().filter(concerned).collect());
        }
        self.kernels.iter().map(|name| kernels::find(name)).collect()
    }

    /// The activations to check.
    fn activations(&self) -> Vec<Activation> {
        match self.activation {
            Some(activation) => vec![activation],
            None if self.kernels.is_empty() => Activation::ALL.to_vec(),
            None => Vec::new(),
        }
    }

    /// Fails if something is to be done with shaders, of which the CPU engine runs none.
    fn refuse_shader_flags(&self, library: &Library) -> Result<()> {
        let flags = [("--all-tunables", self.all_tunables), ("--sanitize", self.sanitize)];
        match flags.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Error::Config(format!(
                "{flag}: the CPU engine runs no shaders; use --device auto or --device interpreter"
            ))),
            None if library.is_changed() => Err(Error::Config(
                "--shaders, --variant and --tunable: the CPU engine runs no shaders; use --device auto or --device \
                 interpreter"
                    .to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// A kernel's cases, with the activation to check in place of each case's own.
    fn cases(&self, kernel: &Kernel) -> Vec<Case> {
        let mut cases = (kernel.cases)();
        if let (Some(activation), true) = (self.activation, kernel.contract.activation) {
            cases.iter_mut().for_each(|case| case.activation = activation);
            let mut seen = BTreeSet::new();
            cases.retain(|case| seen.insert(case.describe()));
        }
        cases
    }
}

/// Checks kernels and activations.
pub(super) fn check(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let chosen = arguments.kernels()?;
    let purpose = ("check", "the CPU engine runs no shaders");
    let library = arguments.shaders.library()?;
    if let Some(file) = &arguments.page {
        return write_page(arguments, &chosen, &library, file, out);
    }
    if arguments.device.device == DeviceChoice::Cpu {
        arguments.refuse_shader_flags(&library)?;
        let (cases, activations) =
            (|kernel: &Kernel| arguments.cases(kernel), arguments.activations());
        return check_engine(&chosen, &cases, &activations, out);
    }
    if arguments.device.device == DeviceChoice::Interpreter {
        let mut backend = open_interpreter(&arguments.device, library)?;
        return judge(&mut backend, arguments, &chosen, out);
    }
    let mut backend = open_adapter(&arguments.device, library, purpose, out)?;
    use_pipelines(&mut backend, out)?;
    let status = judge(&mut backend, arguments, &chosen, out)?;
    keep_pipelines(&mut backend, out)?;
    Ok(status)
}

/// Checks kernels and activations on a backend.
fn judge(
    backend: &mut dyn ShaderBackend,
    arguments: &Arguments,
    chosen: &[&'static Kernel],
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let adapter = backend.adapter();
    print(out, &format!("device: {} ({})\n", adapter.adapter, adapter.backend))?;
    let checked = check_kernels(backend, arguments, chosen)?;
    print(out, &table::columns(&checked.rows, terminal::width()))?;
    let mut complaints = checked.complaints;
    let activations = arguments.activations();
    if checked.stuck {
        complaints.push("Nothing else can run on the device; the rest was not checked.".to_owned());
    } else if !activations.is_empty() {
        complaints.extend(check_activations(backend, &activations, out)?);
    }
    print(
        out,
        "worst error: as a fraction of its tolerance; good up to 1\n\
         formula: the shader and the CPU reference, both in f64; right if they agree to 1e-6",
    )?;
    complaints.iter().try_for_each(|complaint| print(out, complaint))?;
    let mut good = complaints.is_empty();
    if arguments.sanitize {
        print(out, "")?;
        let library = backend.selection().library();
        good &= sanitize::tell(library, chosen, &Default::default(), out)?;
    }
    Ok(if good { Status::Good } else { Status::Failed })
}

/// Writes the page that checks the kernels in a browser.
fn write_page(
    arguments: &Arguments,
    chosen: &[&'static Kernel],
    library: &Library,
    file: &Path,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let cases = |&kernel| (kernel, arguments.cases(kernel));
    let (suite, data) = Suite::new(library, &chosen.iter().map(cases).collect::<Vec<_>>())?;
    let page = page::conformance(&suite, &data)?;
    files::replace(file, page.as_bytes()).map_err(|error| Error::file("write", file, error))?;
    let cases: usize = suite.kernels.iter().map(|kernel| kernel.cases.len()).sum();
    let mb = page.len() as f64 / 1e6;
    let name = file.display();
    print(out, &format!("{name}: {cases} cases ({mb:.1} MB); open it in a browser with WebGPU"))?;
    Ok(Status::Good)
}

/// The results of checking kernels.
struct Checked {
    /// Rows of a table, below its header.
    rows: Vec<Vec<String>>,
    /// Lines about what is wrong.
    complaints: Vec<String>,
    /// Whether a shader hung: nothing else can run on the device.
    stuck: bool,
}

/// Checks every setting of the kernels, until one hangs.
fn check_kernels(
    backend: &mut dyn ShaderBackend,
    arguments: &Arguments,
    chosen: &[&'static Kernel],
) -> Result<Checked> {
    let header =
        ["kernel", "variant", "cases", "tensors", "worst error", "formula", "ms", "verdict"];
    let rows = vec![header.map(str::to_owned).to_vec()];
    let mut checked = Checked { rows, complaints: Vec::new(), stuck: false };
    for kernel in chosen {
        // A variant that was chosen but cannot run here is an error; others are skipped.
        if backend.selection().library().chosen(kernel).is_some() {
            refuse_what_cannot_run(backend.selection().variant(kernel))?;
        }
        let cases = arguments.cases(kernel);
        let trials = cases.iter().map(|case| Trial::new(kernel, case));
        let mut trials = trials.collect::<Result<Vec<_>>>()?;
        for setting in settings(backend, kernel, arguments.all_tunables)? {
            checked.take(backend, kernel, &setting, &mut trials)?;
            if checked.stuck {
                return Ok(checked);
            }
        }
    }
    Ok(checked)
}

/// The settings of a kernel to check: its variants, each with the tunables that the user has set; with `all`, also
/// the other settings of the variants that the adapter can run.
fn settings(
    backend: &dyn ShaderBackend,
    kernel: &'static Kernel,
    all: bool,
) -> Result<Vec<Setting>> {
    let library = backend.selection().library();
    let mut found = Vec::new();
    for variant in library.variants(kernel)? {
        let own = library.setting(kernel, &variant)?;
        let others = match library.set_shader(kernel, &own, Activation::default()) {
            Ok(shader) if all && backend.selection().capabilities().lacks(&shader).is_none() => {
                setting::others(&own, &shader)
            }
            _ => Vec::new(),
        };
        found.push(own);
        found.extend(others);
    }
    Ok(found)
}

impl Checked {
    /// Checks one setting.
    fn take(
        &mut self,
        backend: &mut dyn ShaderBackend,
        kernel: &'static Kernel,
        setting: &Setting,
        trials: &mut [Trial],
    ) -> Result<()> {
        let (name, variant) = (kernel.name(), setting.to_string());
        let shader =
            backend.selection().library().set_shader(kernel, setting, Activation::default());
        match shader.map(|shader| backend.selection().capabilities().lacks(&shader)) {
            Ok(None) => {
                let tally = check_setting(backend, kernel, setting, trials)?;
                self.rows.push(row(name, &variant, &tally));
                self.complaints.extend(wrong(name, &variant, &tally.complaints));
                self.stuck = tally.stuck;
            }
            Ok(Some(reason)) => {
                self.rows.push(unchecked(name, &variant, &format!("skipped: {reason}")));
            }
            // A shader that does not fit its contract is wrong; the others are still checked.
            Err(error @ Error::Shader(_)) => {
                self.rows.push(unchecked(name, &variant, "WRONG"));
                self.complaints.extend(wrong(name, &variant, &[error.to_string()]));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Fails if the adapter cannot run a variant. One that does not fit its contract is judged later.
fn refuse_what_cannot_run(variant: Result<String>) -> Result<()> {
    match variant {
        Ok(_) | Err(Error::Shader(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_setting(
    backend: &mut dyn ShaderBackend,
    kernel: &'static Kernel,
    setting: &Setting,
    trials: &mut [Trial],
) -> Result<Tally> {
    backend.choose_setting(kernel, setting)?;
    let mut tally = Tally::default();
    for trial in trials.iter_mut() {
        match trial.run(backend) {
            Ok(outcome) => tally.add(&outcome),
            // If the device refuses, that is this variant's fault; the others are still checked.
            Err(error) => {
                tally.cases += 1;
                tally.worst = f64::INFINITY;
                tally.stuck = matches!(error, Error::Stuck(_));
                tally.complaints.push(format!("{}: {error}", trial.label()));
                break;
            }
        }
    }
    if !tally.stuck {
        let library = backend.selection().library();
        // A shader that the interpreter cannot run has no such verdict.
        if let Ok(complaint) = formula::check(library, kernel, setting, trials) {
            tally.formula = Some(complaint.is_none());
            tally.complaints.extend(complaint);
        }
    }
    Ok(tally)
}

fn row(kernel: &str, variant: &str, tally: &Tally) -> Vec<String> {
    vec![
        kernel.to_owned(),
        variant.to_owned(),
        tally.cases.to_string(),
        tally.tensors.to_string(),
        compare::ratio_text(tally.worst),
        match tally.formula {
            Some(true) => "right",
            Some(false) => "WRONG",
            None => "–",
        }
        .to_owned(),
        format!("{:.0}", 1e3 * tally.elapsed.as_secs_f64()),
        match tally.complaints.is_empty() {
            true => verdict(true) + &permitted(&tally.permitted),
            false => verdict(false),
        },
    ]
}

/// The end of a verdict: what WGSL permitted; empty if nothing.
fn permitted(permitted: &BTreeSet<Permitted>) -> String {
    let words: Vec<_> = permitted.iter().map(Permitted::to_string).collect();
    if words.is_empty() {
        return String::new();
    }
    format!(" (permitted by WGSL: {})", words.join(", "))
}

fn unchecked(kernel: &str, variant: &str, verdict: &str) -> Vec<String> {
    [kernel, variant, "–", "–", "–", "–", "–", verdict].map(str::to_owned).to_vec()
}
