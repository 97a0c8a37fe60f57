//! The records of a run in long form, as comma-separated values: a line for each number.

use crate::error::{Error, Result};
use crate::record::{Evaluation, LayerProbe, Probe, WeightProbe};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The columns.
pub const COLUMNS: &str = "network,activation,norm,replica,step,record,layer,unit,quantity,value";

/// What all lines of one evaluation or probe begin with.
struct Place {
    start: String,
}

impl Place {
    fn new(
        [run, activation, norm]: [&str; 3],
        (replica, step): (usize, usize),
        record: &str,
    ) -> Self {
        let names = [run, activation, norm].map(field).join(",");
        Self { start: format!("{names},{replica},{step},{record}") }
    }

    /// Adds a line about a quantity, of a layer and of a unit of it where it has them.
    fn line(
        &self,
        lines: &mut String,
        (layer, unit): (&str, Option<usize>),
        quantity: &str,
        value: f64,
    ) {
        let unit = unit.map_or_else(String::new, |unit| unit.to_string());
        lines.push_str(&format!("{},{layer},{unit},{quantity},{value}\n", self.start));
    }

    /// The same about the numbers of all units.
    fn units(&self, lines: &mut String, layer: &str, quantity: &str, values: &[f32]) {
        for (unit, &value) in values.iter().enumerate() {
            // As short as f32 is written, and not as the f64 nearest to it.
            let value = value.to_string().parse().unwrap_or(f64::from(value));
            self.line(lines, (layer, Some(unit)), quantity, value);
        }
    }
}

/// A field as the format takes it (RFC 4180).
pub(super) fn field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// Writes the header, all evaluations and all probes. A reader who has gone ends it without an error.
///
/// # Errors
/// [`Error::File`] when it cannot be written.
pub fn write(
    evaluations: &[Evaluation],
    probes: &[Probe],
    (out, name): (&mut dyn Write, &Path),
) -> Result<()> {
    let texts = std::iter::once(format!("{COLUMNS}\n"));
    let mut texts =
        texts.chain(evaluations.iter().map(of_evaluation)).chain(probes.iter().map(of_probe));
    let written = texts.try_for_each(|text| out.write_all(text.as_bytes()));
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("write", name, error))
        }
        _ => Ok(()),
    }
}

/// The lines of one evaluation: the loss of each step before it, then its own figures.
fn of_evaluation(one: &Evaluation) -> String {
    let names = [&one.run, &one.activation, &one.norm].map(String::as_str);
    let mut lines = String::new();
    let before = one.step.saturating_sub(one.losses.len());
    for (at, &loss) in one.losses.iter().enumerate() {
        let place = Place::new(names, (one.replica, before + at + 1), "step");
        let loss = loss.to_string().parse().unwrap_or(f64::from(loss));
        place.line(&mut lines, ("", None), "loss", loss);
    }
    let place = Place::new(names, (one.replica, one.step), "evaluation");
    for (quantity, value) in [
        ("train_loss", one.train_loss),
        ("train_accuracy", one.train_accuracy),
        ("test_loss", one.test_loss),
        ("test_accuracy", one.test_accuracy),
        ("output_spread", one.output_spread),
        ("ms_per_step", one.ms_per_step),
    ] {
        place.line(&mut lines, ("", None), quantity, value);
    }
    for layer in &one.layers {
        place.line(&mut lines, (&layer.layer, None), "gradient_rms", layer.gradient_rms);
        place.line(&mut lines, (&layer.layer, None), "weight_change", layer.weight_change);
    }
    lines
}

/// The lines of one probe.
fn of_probe(one: &Probe) -> String {
    let names = [&one.run, &one.activation, &one.norm].map(String::as_str);
    let place = Place::new(names, (0, one.step), "probe");
    let mut lines = String::new();
    one.hidden.iter().for_each(|layer| of_layer(&place, &mut lines, layer));
    for WeightProbe { layer, gradient_rms, update_ratio, change, backward_gain } in &one.weights {
        for (quantity, value) in [
            ("gradient_rms", gradient_rms),
            ("update_ratio", update_ratio),
            ("weight_change", change),
            ("backward_gain", backward_gain),
        ] {
            place.line(&mut lines, (layer, None), quantity, *value);
        }
    }
    lines
}

/// The lines of one hidden layer: where the inputs of its activation lie, and what it learned.
fn of_layer(place: &Place, lines: &mut String, one: &LayerProbe) {
    let [low, median, high] = one.percentiles;
    for (quantity, value) in [
        ("input_p15", low),
        ("input_p50", median),
        ("input_p85", high),
        ("all_positive", one.all_positive),
        ("all_negative", one.all_negative),
        ("saturated", one.saturated),
        ("output_spread", one.output_spread),
    ] {
        place.line(lines, (&one.layer, None), quantity, value);
    }
    for (quantity, values) in [
        ("input_mean", &one.mean),
        ("input_deviation", &one.deviation),
        ("input_min", &one.smallest),
        ("input_max", &one.largest),
        ("gamma", &one.gamma),
        ("beta", &one.beta),
        ("running_mean", &one.running_mean),
        ("running_variance", &one.running_variance),
    ] {
        place.units(lines, &one.layer, quantity, values);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_line_has_all_columns_and_losses_their_steps() {
        let records = sample::records();
        let mut bytes = Vec::new();
        write(&records.evaluations, &records.probes, (&mut bytes, Path::new("x"))).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.lines().all(|line| line.split(',').count() == 10), "{text}");
        let mut one = records.evaluations[0].clone();
        (one.step, one.losses) = (7, vec![0.5, 0.1]);
        let lines = of_evaluation(&one);
        let first: Vec<_> =
            lines.lines().take(2).map(|line| line.rsplit_once("step,").unwrap()).collect();
        assert!(first[0].0.ends_with(",0,6,") && first[1].0.ends_with(",0,7,"), "{first:?}");
        assert_eq!([first[0].1, first[1].1], [",,loss,0.5", ",,loss,0.1"]);
    }

    #[test]
    fn a_name_with_a_comma_is_quoted() {
        assert_eq!((field("relu"), field("a,\"b\"")), ("relu".into(), "\"a,\"\"b\"\"\"".into()));
    }

    #[test]
    fn a_reader_who_has_gone_is_no_error() {
        struct Gone(ErrorKind);
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let to = |kind| write(&[], &[], (&mut Gone(kind), Path::new("x")));
        assert!(to(ErrorKind::BrokenPipe).is_ok() && to(ErrorKind::StorageFull).is_err());
    }
}
