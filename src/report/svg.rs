//! SVG text, built element by element: attributes are escaped, numbers have at most one decimal, and
//! the same calls give the same text. Lines and text use the page's colour (`currentColor`), so that
//! a picture is legible on light and dark backgrounds.

use super::markup::escape;
use super::number::coordinate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Attributes of an element: names and values.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a str)];

/// The least width of a picture: a page shows all pictures equally wide, with text of equal size.
pub(super) const WIDTH: f64 = 648.0;

/// Text that ends at its point.
pub(super) const END: (&str, &str) = ("text-anchor", "end");

/// Text centred on its point.
pub(super) const MIDDLE: (&str, &str) = ("text-anchor", "middle");

/// Fine lines below the data.
pub(super) const GRID: Attributes =
    &[("class", "grid"), ("stroke", "currentColor"), ("stroke-opacity", "0.2"), ("fill", "none")];

/// The lines of axes and of curves that are not data.
pub(super) const INK: Attributes = &[("stroke", "currentColor"), ("fill", "none")];

/// A picture under construction. Lengths are in units of its `viewBox`.
pub(super) struct Svg {
    width: f64,
    height: f64,
    /// Its size on a narrow screen, if it is rearranged there.
    narrow: Option<(f64, f64)>,
    body: String,
}

impl Svg {
    /// An empty picture, at least [`WIDTH`] wide.
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width: width.max(WIDTH), height, narrow: None, body: String::new() }
    }

    /// Sets the picture's size on a narrow screen.
    pub(super) fn narrow(&mut self, width: f64, height: f64) {
        self.narrow = Some((width, height));
    }

    /// Its width on a narrow screen.
    pub(super) fn narrow_width(&self) -> f64 {
        self.narrow.map_or(self.width, |(width, _)| width)
    }

    /// An element without content.
    pub(super) fn element(&mut self, name: &str, attributes: Attributes) {
        self.start(name, attributes);
        self.body.push_str("/>");
    }

    /// What `draw` draws, filled with the page's background, so that it hides what is behind it: the colour of
    /// the class `paper`, else `--paper`, else white, even in a viewer that supports neither.
    pub(super) fn paper(&mut self, attributes: Attributes, draw: impl FnOnce(&mut Self)) {
        self.start("g", &[("fill", "#fff")]);
        self.body.push_str("><g class=\"paper\" fill=\"var(--paper,#fff)\"");
        self.more(attributes);
        self.body.push('>');
        draw(self);
        self.body.push_str("</g></g>");
    }

    /// A path with data from [`polyline`] or the caller.
    pub(super) fn path(&mut self, d: &str, attributes: Attributes) {
        if !d.is_empty() {
            self.start("path", &[("d", d)]);
            self.more(attributes);
            self.body.push_str("/>");
        }
    }

    /// A circle around a point.
    pub(super) fn circle(&mut self, (x, y): (f64, f64), radius: &str, attributes: Attributes) {
        let (x, y) = (coordinate(x), coordinate(y));
        self.start("circle", &[("cx", &x), ("cy", &y), ("r", radius)]);
        self.more(attributes);
        self.body.push_str("/>");
    }

    /// A straight line between two points.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), attributes: Attributes) {
        self.path(&polyline([from, to]), attributes);
    }

    /// Text whose baseline begins at a point, unless `attributes` say otherwise.
    pub(super) fn text(&mut self, at: (f64, f64), words: &str, attributes: Attributes) {
        self.start("text", &[("x", &coordinate(at.0)), ("y", &coordinate(at.1))]);
        self.more(attributes);
        let _ = write!(self.body, ">{}</text>", escape(words));
    }

    /// A rectangle from its upper left corner, filled with a colour of this opacity.
    pub(super) fn filled(&mut self, at: (f64, f64), size: (f64, f64), colour: &str, opacity: f64) {
        let opacity = format!("{opacity:.3}");
        self.rectangle(&[], (at, size), &[("fill", colour), ("fill-opacity", &opacity)]);
    }

    /// An invisible rectangle on top of what was drawn, by which the page notices where a reader points.
    pub(super) fn ground(&mut self, at: (f64, f64), size: (f64, f64)) {
        let look = [("fill", "none"), ("pointer-events", "all")];
        self.rectangle(&[("class", "ground")], (at, size), &look);
    }

    fn rectangle(
        &mut self,
        before: Attributes,
        (at, size): ((f64, f64), (f64, f64)),
        after: Attributes,
    ) {
        let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(coordinate);
        let place = [("x", &*x), ("y", &*y), ("width", &*width), ("height", &*height)];
        self.element("rect", &[before, &place, after].concat());
    }

    /// A PNG file in a rectangle given by its upper left corner, without smoothing of its pixels.
    pub(super) fn png(&mut self, at: (f64, f64), size: (f64, f64), file: &[u8]) {
        let (x, y) = (coordinate(at.0), coordinate(at.1));
        let (width, height) = (coordinate(size.0), coordinate(size.1));
        let address = format!("data:image/png;base64,{}", STANDARD.encode(file));
        self.element(
            "image",
            &[
                ("x", &x),
                ("y", &y),
                ("width", &width),
                ("height", &height),
                ("preserveAspectRatio", "none"),
                ("style", "image-rendering:pixelated"),
                ("href", &address),
            ],
        );
    }

    /// What `draw` draws, with common attributes.
    pub(super) fn group(&mut self, attributes: Attributes, draw: impl FnOnce(&mut Self)) {
        self.start("g", attributes);
        self.body.push('>');
        draw(self);
        self.body.push_str("</g>");
    }

    /// The whole `<svg>` element of a file of its own: see [`alone`].
    pub(super) fn alone(self) -> String {
        alone(&self.finish())
    }

    /// The whole `<svg>` element.
    pub(super) fn finish(self) -> String {
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        let (look, body) = match self.narrow {
            None => (String::new(), self.body),
            Some((narrow, tall)) => (
                format!(
                    " class=\"reflow\" preserveAspectRatio=\"xMinYMin meet\" \
                     style=\"--wide:{width};--narrow:{};--tall:{}\"",
                    coordinate(narrow),
                    coordinate(tall)
                ),
                format!("<g class=\"whole\">{}</g>", self.body),
            ),
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\"{look} \
             font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"currentColor\">{body}</svg>"
        )
    }

    fn start(&mut self, name: &str, attributes: Attributes) {
        self.body.push('<');
        self.body.push_str(name);
        self.more(attributes);
    }

    fn more(&mut self, attributes: Attributes) {
        for (name, value) in attributes {
            let _ = write!(self.body, " {name}=\"{}\"", escape(value));
        }
    }
}

/// The style of a picture in its own file: with no page around it, it needs its own background and colour,
/// and there is no narrow layout.
const LOOK: &str = "background:#ffffff;color:#1c1e21";

/// An `<svg>` element as a file of its own.
pub(super) fn alone(svg: &str) -> String {
    let (opening, rest) = svg.split_once('>').unwrap_or((svg, ""));
    match opening.split_once(" style=\"") {
        Some((before, after)) => format!("{before} style=\"{LOOK};{after}>{rest}"),
        None => format!("{opening} style=\"{LOOK}\">{rest}"),
    }
}

/// A line through points, broken where one is not finite.
pub(super) fn polyline(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut d = String::new();
    let mut pen = 'M';
    for (x, y) in points {
        if x.is_finite() && y.is_finite() {
            let _ = write!(d, "{pen}{} {}", coordinate(x), coordinate(y));
            pen = 'L';
        } else {
            pen = 'M';
        }
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_where_a_point_is_missing() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 4.0), (4.0, 5.5)];
        assert_eq!(polyline(points), "M0 1L1 2M3 4L4 5.5");
    }

    #[test]
    fn what_a_name_holds_cannot_leave_its_place() {
        let mut svg = Svg::new(700.0, 20.5);
        svg.text((1.0, 2.0), "a<b & \"c\"", &[("class", "\"x\"")]);
        let inner =
            "<text x=\"1\" y=\"2\" class=\"&quot;x&quot;\">a&lt;b &amp; &quot;c&quot;</text>";
        let svg = svg.finish();
        assert!(svg.contains(inner) && svg.contains("viewBox=\"0 0 700 20.5\""), "{svg}");
    }
}
