//! The controls that move the page to a step: the slider, its readings, and the data for the script.

use crate::report::markup::escape;
use crate::report::number;
use crate::report::picture::{Frame, PanelValues, Picture};
use crate::report::probed::are_uneven;
use crate::report::records::{Network, Records, distinct};
use crate::report::style::stroke;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The slider, the button, and each network's accuracy at the current step. The script shows them:
/// without it they would do nothing.
pub(super) fn write_controls(html: &mut String, records: &Records, steps: &BTreeSet<usize>) {
    let networks = records.networks();
    if networks.is_empty() {
        return;
    }
    html.push_str(
        "<section id=\"controls\" aria-label=\"Training step\" hidden>\n<div class=\"slider\">\n\
         <button id=\"play\" type=\"button\">Play</button>\n<label for=\"step\">Training step</label>\n\
         <input id=\"step\" type=\"range\" min=\"0\" step=\"1\">\n\
         <output id=\"now\" for=\"step\" aria-live=\"off\"></output>\n</div>\n\
         <ul class=\"readings\" aria-label=\"Latest test accuracy up to this step\"",
    );
    // Norms side by side, activations one below the other; four norms take two rows, as they are wide.
    let columns = match distinct(networks.iter().map(|network| network.norm)).len() {
        few @ 0..=3 => few,
        _ => 2,
    };
    let _ = writeln!(html, " style=\"--columns: {}\">", number::whole(columns));
    for network in networks {
        let pen = stroke(network.norm);
        let _ = writeln!(
            html,
            "<li><svg viewBox=\"0 0 26 8\" aria-hidden=\"true\"><line x1=\"1\" x2=\"25\" y1=\"4\" y2=\"4\" \
             stroke=\"{}\" stroke-width=\"3\" stroke-dasharray=\"{}\"/></svg><span>{}</span> \
             <strong data-run=\"{}\"></strong></li>",
            pen.colour,
            pen.dashes,
            escape(&network.label()),
            escape(network.run)
        );
    }
    html.push_str("</ul>\n");
    if are_uneven(steps) {
        html.push_str(
            "<p class=\"note\">The slider stops at the recorded steps, which are not evenly spaced.</p>\n",
        );
    }
    html.push_str("</section>\n");
}

/// The steps at which the slider stops.
pub(super) fn steps(records: &Records, pictures: &[Picture]) -> BTreeSet<usize> {
    let moving = pictures.iter().filter(|picture| picture.moves());
    let frames = moving.flat_map(|picture| picture.frames.iter().map(|frame| frame.step));
    records.evaluations.iter().map(|evaluation| evaluation.step).chain(frames).collect()
}

/// The script's data as JSON: the steps of the slider, the frames of every picture that has more than
/// one, each network's accuracy, and the values of the curves in each frame.
pub(super) fn frames(records: &Records, pictures: &[Picture], steps: &BTreeSet<usize>) -> String {
    let mut moving = Map::new();
    for picture in pictures.iter().filter(|picture| picture.moves()) {
        let frames = picture.frames.iter().map(|frame| json!([frame.step, frame.svg]));
        moving.insert(picture.id.clone(), Value::Array(frames.collect()));
    }
    let mut readings = Map::new();
    for Network { run, .. } in records.networks() {
        let evaluations = records.evaluations_of(run);
        let read = evaluations.map(|one| json!([one.step, number::percent(one.test_accuracy)]));
        readings.insert(run.to_owned(), Value::Array(read.collect()));
    }
    let values = values(pictures);
    embedded(&json!({ "steps": steps, "pictures": moving, "readings": readings, "values": values }))
}

/// The values of the curves in each frame of each picture that has such.
fn values(pictures: &[Picture]) -> Map<String, Value> {
    let has_values =
        |picture: &&Picture| picture.frames.iter().any(|frame| !frame.values.is_empty());
    let of_frame =
        |frame: &Frame| json!([frame.step, frame.values.iter().map(panel).collect::<Value>()]);
    let of_picture = |picture: &Picture| {
        (picture.id.clone(), picture.frames.iter().map(of_frame).collect::<Value>())
    };
    pictures.iter().filter(has_values).map(of_picture).collect()
}

/// The script's data of a page whose pictures do not move.
pub(super) fn still(pictures: &[Picture]) -> String {
    let values = values(pictures);
    embedded(&json!({ "steps": [], "pictures": {}, "readings": {}, "values": values }))
}

/// JSON as it may be within a script element.
fn embedded(data: &Value) -> String {
    data.to_string().replace("</", "<\\/").replace("<!--", "\\u003c!--")
}

/// The values of a panel for the script.
fn panel(panel: &PanelValues) -> Value {
    json!({ "title": panel.title, "x": panel.x, "lines": panel.lines })
}
