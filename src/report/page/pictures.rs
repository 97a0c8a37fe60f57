//! The pictures of the page: the few that support the answer, and all others by topic.

use crate::report::markup::{escape, plain, prose};
use crate::report::picture::{Picture, Topic};
use crate::report::records::{Records, distinct};
use std::fmt::Write;

/// The number of pictures at the top.
const LEADING: usize = 4;

/// A switch between training and inference, for a picture that has both. The script shows it.
const MODES: &str = "<p class=\"modes\" role=\"group\" aria-label=\"Batch norm's statistics\" hidden>\
    <button type=\"button\" data-mode=\"training\" aria-pressed=\"true\">in training</button> \
    <button type=\"button\" data-mode=\"inference\" aria-pressed=\"false\">in inference</button></p>";

/// The mark on what the slider changes. The script shows it if there is a slider.
const FOLLOWS: &str = "<p class=\"follows\" hidden><svg viewBox=\"0 0 16 8\" aria-hidden=\"true\"><path \
    d=\"M0 4H16\" stroke=\"currentColor\" fill=\"none\"/><circle cx=\"10\" cy=\"4\" r=\"3\" \
    fill=\"currentColor\"/></svg> ";

/// A page's pictures, arranged.
pub(super) struct Arranged<'a> {
    /// Those at the top.
    pub(super) leading: Vec<&'a Picture>,
    /// The others, by topic; topics without pictures are left out.
    pub(super) topics: Vec<(Topic, Vec<&'a Picture>)>,
}

impl<'a> Arranged<'a> {
    pub(super) fn new(records: &Records, pictures: &'a [Picture]) -> Self {
        let leading = leading(records, pictures);
        let of = |topic: Topic| {
            let rest = pictures.iter().filter(|one| one.topic == topic && !leading.contains(one));
            (topic, rest.collect::<Vec<_>>())
        };
        let topics = Topic::ALL.map(of).into_iter().filter(|(_, rest)| !rest.is_empty()).collect();
        Self { leading, topics }
    }
}

/// The pictures that support the answer: accuracy, then the gradient on its way back, the inputs and the
/// outputs of the activation with which norms differ most. Missing ones are replaced by others of the run or,
/// if there is no run, by the first ones of the sweeps.
fn leading<'a>(records: &Records, pictures: &'a [Picture]) -> Vec<&'a Picture> {
    let activation = most_changed(records).unwrap_or_default();
    let of = |kind: &str| format!("{kind}-{activation}");
    let wanted = [
        "accuracy".to_owned(),
        of("backward"),
        of("ridges"),
        of("seen"),
        "gradients".to_owned(),
        "loss".to_owned(),
        "weight-change".to_owned(),
    ];
    let found = wanted.iter().filter_map(|id| pictures.iter().find(|picture| picture.id == *id));
    let mut leading: Vec<_> = found.take(LEADING).collect();
    if leading.is_empty() {
        leading.extend(pictures.iter().take(LEADING));
    }
    leading
}

/// The activation whose networks' accuracies are farthest apart at the end; the first one in a tie.
fn most_changed(records: &Records) -> Option<&str> {
    let networks = records.networks();
    let gap = |activation: &str| {
        let mine = networks.iter().filter(|network| network.activation == activation);
        let ends = mine.filter_map(|network| records.evaluations_of(network.run).last());
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| {
            (low.min(end.test_accuracy), high.max(end.test_accuracy))
        });
        high - low
    };
    let activations = distinct(networks.iter().map(|network| network.activation));
    activations.into_iter().reduce(|one, next| if gap(next) > gap(one) { next } else { one })
}

/// The pictures at the top.
pub(super) fn write_leading(html: &mut String, arranged: &Arranged) {
    if arranged.leading.is_empty() {
        return;
    }
    html.push_str("<section id=\"evidence\">\n<h2>The evidence</h2>\n");
    for picture in &arranged.leading {
        write_picture(html, picture);
    }
    html.push_str("</section>\n");
}

/// A picture with its title and caption.
pub(super) fn write_picture(html: &mut String, picture: &Picture) {
    let id = escape(&picture.id);
    let svg = picture.frames.last().map_or("", |frame| frame.svg.as_str());
    let modes = if picture.has_modes { MODES } else { "" };
    let _ = write!(
        html,
        "<figure id=\"{id}\">\n<figcaption><h3>{}</h3>\n{}<p>{}</p>{modes}</figcaption>\n\
         <div class=\"scroll\"><div class=\"frame\" data-picture=\"{id}\" role=\"img\" aria-label=\"{}\">\n\
         {svg}</div></div>\n</figure>\n",
        escape(&picture.title),
        follows(picture, svg),
        prose(&picture.caption),
        escape(&plain(&picture.alt))
    );
}

/// The mark on a picture that follows the slider; empty for others.
fn follows(picture: &Picture, svg: &str) -> String {
    let words = match picture.moves() {
        true => "follows the slider",
        false if svg.contains("class=\"marker\"") => "the vertical line follows the slider",
        false => return String::new(),
    };
    format!("{FOLLOWS}{words}</p>\n")
}
