//! The note at the foot of pictures of histograms, which explains their axes.

use super::scene::{LEFT, Scene};
use crate::report::number::short_percent;
use crate::report::svg::{INK, Svg, polyline};

/// The shares that the bar in the note may represent, and its greatest height.
const MARKS: [f64; 8] = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002];
const BAR: f64 = 30.0;

/// The axes that are not linear: height, and the distance from ridge to ridge.
pub(super) const HEIGHTS: &str = "Heights grow with the square root of the share of the inputs.";
pub(super) const UNEVEN: &str =
    "Ridges are drawn at equal distances, although the recorded steps are not evenly spaced.";

impl Scene<'_> {
    /// Draws the scale of the heights: a bar for a round share, with words.
    pub(super) fn note(&self, svg: &mut Svg, top: f64, tall: f64, more: &str) {
        let height = |share: f64| tall * self.height(share);
        let fits = |mark: &f64| *mark <= self.tallest && height(*mark) <= BAR;
        let mark = MARKS.into_iter().find(fits).unwrap_or(self.tallest / 100.0);
        let (base, end) = (top + BAR + 6.0, top + BAR + 6.0 - height(mark));
        let across = |y: f64| polyline([(LEFT - 4.0, y), (LEFT + 4.0, y)]);
        let bar = across(end) + &across(base) + &polyline([(LEFT, base), (LEFT, end)]);
        svg.path(&bar, INK);
        let (mark, tallest) = (short_percent(mark), short_percent(self.tallest));
        let wide = [
            &format!(
                "{mark} of a layer's inputs in one bin. Heights grow with the square root of the share;"
            ),
            &format!(
                "the tallest here is {tallest}. All panels have the same axes. Beyond: inputs outside the \
                 axis."
            ),
            more,
        ];
        // The caption says the rest, too.
        let narrow = [
            &format!("{mark} of a layer's inputs in one bin; the tallest here is {tallest}."),
            "All panels have the same axes. Beyond: inputs outside the axis.",
            "",
        ];
        for (shown, lines) in [([true, false], wide), ([false, true], narrow)] {
            svg.shown_in(shown, |svg| {
                for (line, words) in lines.into_iter().enumerate() {
                    if !words.is_empty() {
                        svg.text((LEFT + 12.0, base - 13.0 + 15.0 * line as f64), words, &[]);
                    }
                }
            });
        }
    }
}
