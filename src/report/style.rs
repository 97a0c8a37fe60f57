//! The common visual language of all pictures: a norm has the same colour and the same dashes everywhere.
//! The colours are Okabe and Ito's (2008), which colour-blind people can distinguish; the dashes
//! distinguish the norms in greyscale, too.

/// How a norm is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// The colour, in the form `#rrggbb`.
    pub colour: &'static str,
    /// SVG's `stroke-dasharray`.
    pub dashes: &'static str,
    /// The norm's name in legends.
    pub label: &'static str,
}

/// How the norm with this name is drawn.
#[must_use]
pub fn stroke(norm: &str) -> Stroke {
    let (colour, dashes, label) = match norm {
        "batch" => ("#0072b2", "none", "batch norm"),
        "layer" => ("#d55e00", "7 3", "layer norm"),
        "rms" => ("#009e73", "7 3 1.5 3", "RMS norm"),
        _ => ("#6b6b6b", "2 2.5", "no norm"),
    };
    Stroke { colour, dashes, label }
}

impl Stroke {
    /// The pen that draws its data.
    #[must_use]
    pub const fn pen(self) -> Pen {
        Pen { colour: self.colour, dashes: self.dashes, width: "1.8", opacity: "1" }
    }

    /// The pen for a sample next to its name, and for a single set of data.
    #[must_use]
    pub const fn heavy_pen(self) -> Pen {
        Pen { width: "2.5", ..self.pen() }
    }

    /// The norm's name and pen, for a legend.
    pub(super) fn labelled(self) -> (String, Pen) {
        (self.label.to_owned(), self.heavy_pen())
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
    use crate::config::Norm;

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
        let all = Norm::ALL.map(|norm| stroke(norm.name()));
        for (place, one) in all.iter().enumerate() {
            for other in &all[..place] {
                assert!(one.colour != other.colour && one.dashes != other.dashes, "{one:?}");
            }
        }
    }
}
