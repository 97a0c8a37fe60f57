//! The common visual language of all pictures: a norm has the same colour and the same dashes everywhere.
//! The colours are Okabe and Ito's (2008), which colour-blind people can distinguish; the dashes
//! distinguish the norms in greyscale, too.

use crate::config::{Norm, NormKind, NormLayers};

/// The colours of no norm, batch, layer, RMS and group norm.
pub(super) const COLOURS: [&str; 5] = ["#6b6b6b", "#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// The dashes of group norms: of 1 group, 2 or 3, 4 to 7, 8 to 15, and so on from the first again.
const OF_GROUPS: [&str; 4] = ["12 4", "1 1.5", "4 1.5", "10 2 4 2"];

/// How a norm is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The colour, in the form `#rrggbb`.
    pub colour: &'static str,
    /// SVG's `stroke-dasharray`.
    pub dashes: &'static str,
    /// The norm's name in legends.
    pub label: String,
    /// Its name above a panel, where there is little room: with a number or a layer, as experiments have it.
    pub title: String,
}

/// How the norm with this name is drawn; an unknown name as no norm.
#[must_use]
pub fn stroke(norm: &str) -> Stroke {
    let Norm { kind, layers } = norm.parse().unwrap_or(Norm::NONE);
    let [none, batch, layer, rms, group] = COLOURS;
    let (colour, dashes, label) = match kind {
        NormKind::None => (none, "2 2.5", "no norm"),
        NormKind::Batch => (batch, "none", "batch norm"),
        NormKind::Layer => (layer, "7 3", "layer norm"),
        NormKind::Rms => (rms, "7 3 1.5 3", "RMS norm"),
        NormKind::Group(groups) => {
            let dashes = OF_GROUPS[groups.max(1).ilog2() as usize % OF_GROUPS.len()];
            (group, dashes, "group norm")
        }
    };
    let groups = match kind {
        NormKind::Group(1) => " (1 group)".to_owned(),
        NormKind::Group(groups) => format!(" ({groups} groups)"),
        _ => String::new(),
    };
    let (dashes, place) = match layers {
        NormLayers::All => (dashes, String::new()),
        NormLayers::First => ("3 1.5 1 1.5", " in the first layer only".to_owned()),
        NormLayers::Last => ("1 1.5 1 4", " in the last layer only".to_owned()),
        NormLayers::Only(layer) => ("5 5", format!(" in layer {layer} only")),
    };
    let plain = groups.is_empty() && place.is_empty();
    let title = if plain { label.to_owned() } else { norm.to_owned() };
    Stroke { colour, dashes, label: format!("{label}{groups}{place}"), title }
}

/// Whether a norm of this name takes its statistics over the examples of a batch.
pub(super) fn is_over_examples(norm: &str) -> bool {
    norm.parse().is_ok_and(|norm: Norm| norm.kind == NormKind::Batch)
}

impl Stroke {
    /// The pen that draws its data.
    #[must_use]
    pub const fn pen(&self) -> Pen {
        Pen { colour: self.colour, dashes: self.dashes, width: "1.8", opacity: "1" }
    }

    /// The pen for a sample next to its name, and for a single set of data.
    #[must_use]
    pub const fn heavy_pen(&self) -> Pen {
        Pen { width: "2.5", ..self.pen() }
    }

    /// The norm's name and pen, for a legend.
    pub(super) fn labelled(&self) -> (String, Pen) {
        (self.label.clone(), self.heavy_pen())
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pen {
    /// The colour, as SVG's `stroke`.
    pub colour: &'static str,
    /// SVG's `stroke-dasharray`.
    pub dashes: &'static str,
    /// The width.
    pub width: &'static str,
    /// The opacity, from 0 to 1.
    pub opacity: &'static str,
}

impl Pen {
    /// The attributes of a path drawn with it.
    pub(super) const fn line(self) -> [(&'static str, &'static str); 5] {
        [
            ("fill", "none"),
            ("stroke", self.colour),
            ("stroke-width", self.width),
            ("stroke-opacity", self.opacity),
            ("stroke-dasharray", self.dashes),
        ]
    }
}

/// An activation's usual spelling, by its key in the records. A user-supplied activation keeps the name
/// that its user gave it.
#[must_use]
pub fn activation(key: &str) -> &str {
    match key {
        "relu" => "ReLU",
        key => key,
    }
}

/// A layer's name, for example `layer 1`, by its key in the records, here `layer1`.
#[must_use]
pub fn layer(key: &str) -> String {
    let number = key.strip_prefix("layer").and_then(|number| number.parse::<usize>().ok());
    number.map_or_else(|| key.to_owned(), |number| format!("layer {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names_and_what_is_the_users_own_is_left() {
        let names = ["relu", "sigmoid", "my-relu", "Relu6"].map(activation);
        assert_eq!(names, ["ReLU", "sigmoid", "my-relu", "Relu6"]);
        assert_eq!(
            ["layer1", "layer12", "layers", "output"].map(layer),
            ["layer 1", "layer 12", "layers", "output"]
        );
    }

    #[test]
    fn no_two_norms_look_alike() {
        let all = ["none", "batch", "layer", "rms", "group:10"].map(stroke);
        for (place, one) in all.iter().enumerate() {
            for other in &all[..place] {
                assert!(one.colour != other.colour && one.dashes != other.dashes, "{one:?}");
            }
        }
    }

    #[test]
    fn labels_have_the_number_of_groups_and_the_layer() {
        let label = |norm| stroke(norm).label;
        assert_eq!(label("group:10"), "group norm (10 groups)");
        assert_eq!(label("group:1@last"), "group norm (1 group) in the last layer only");
        assert_eq!(label("batch@2"), "batch norm in layer 2 only");
        assert_eq!(label("a norm of tomorrow"), "no norm");
        let titles = ["rms", "group:10", "batch@2"].map(|norm| stroke(norm).title);
        assert_eq!(titles, ["RMS norm", "group:10", "batch@2"]);
        let dashes =
            ["batch", "batch@first", "batch@last", "batch@2"].map(|norm| stroke(norm).dashes);
        assert!((0..4).all(|one| !dashes[..one].contains(&dashes[one])), "{dashes:?}");
    }
}
