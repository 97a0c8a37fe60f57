//! How a picture is rearranged on a narrow screen: its cells take fewer columns, so that its text stays
//! large enough. The page's style sheet does it; elsewhere it has no effect.

use super::svg::Svg;

/// The width of a narrow screen, in units of a `viewBox`: text there is 0.8 times as large as in a page.
pub(super) const NARROW: f64 = 460.0;

/// The cells of a picture: rows of equally large panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    /// Columns.
    pub(super) columns: usize,
    /// All cells.
    pub(super) count: usize,
    /// The distance from one cell to the next, to the right and down.
    pub(super) pitch: (f64, f64),
    /// Columns on a narrow screen.
    narrow: usize,
    /// Whether rows are columns on a narrow screen.
    turned: bool,
}

/// Where a cell is in its row and in its column, counted from 0.
pub(super) type Place = (usize, usize);

impl Cells {
    /// Cells, with `beside` units for margins left and right of all of them.
    pub(super) fn new(columns: usize, count: usize, pitch: (f64, f64), beside: f64) -> Self {
        let columns = columns.max(1);
        let rows = count.div_ceil(columns);
        let room = ((NARROW - beside) / pitch.0).max(1.0) as usize;
        // Turning rows into columns keeps related cells together.
        let turned = columns > room && (2..=room).contains(&rows);
        let narrow = if turned { rows } else { columns.min(room) };
        Self { columns, count, pitch, narrow, turned }
    }

    /// A cell's place, row by row.
    pub(super) const fn wide(&self, cell: usize) -> Place {
        (cell % self.columns, cell / self.columns)
    }

    /// Its place on a narrow screen.
    pub(super) const fn narrow(&self, cell: usize) -> Place {
        match self.turned {
            true => (cell / self.columns, cell % self.columns),
            false => (cell % self.narrow, cell / self.narrow),
        }
    }

    /// How far it is moved on a narrow screen.
    pub(super) fn shift(&self, cell: usize) -> (f64, f64) {
        let (from, to) = (self.wide(cell), self.narrow(cell));
        let by = |pitch: f64, from: usize, to: usize| pitch * (to as f64 - from as f64);
        (by(self.pitch.0, from.0, to.0), by(self.pitch.1, from.1, to.1))
    }

    /// The size of all cells.
    pub(super) fn size(&self) -> (f64, f64) {
        let rows = self.count.div_ceil(self.columns);
        (self.pitch.0 * self.columns as f64, self.pitch.1 * rows as f64)
    }

    /// Their size on a narrow screen.
    pub(super) fn narrow_size(&self) -> (f64, f64) {
        let rows = if self.turned { self.columns } else { self.count.div_ceil(self.narrow) };
        (self.pitch.0 * self.narrow as f64, self.pitch.1 * rows as f64)
    }

    /// Whether a cell has none below it: normally, and on a narrow screen.
    pub(super) fn is_lowest(&self, cell: usize) -> [bool; 2] {
        let any = |below: Place, place: fn(&Self, usize) -> Place| {
            (0..self.count).any(|other| place(self, other) == below)
        };
        [Self::wide as fn(&Self, usize) -> Place, Self::narrow].map(|place| {
            let (column, row) = place(self, cell);
            !any((column, row + 1), place)
        })
    }

    /// Whether it is the first of its row: normally, and on a narrow screen.
    pub(super) const fn is_first(&self, cell: usize) -> [bool; 2] {
        [self.wide(cell).0 == 0, self.narrow(cell).0 == 0]
    }
}

impl Svg {
    /// What `draw` draws, moved this far on a narrow screen.
    pub(super) fn moved(&mut self, (x, y): (f64, f64), draw: impl FnOnce(&mut Self)) {
        if (x, y) == (0.0, 0.0) {
            return draw(self);
        }
        let style = format!("--x:{x:.1}px;--y:{y:.1}px");
        self.group(&[("class", "moved"), ("style", &style)], draw);
    }

    /// What `draw` draws, if wanted: normally, and on a narrow screen.
    pub(super) fn shown_in(&mut self, [wide, narrow]: [bool; 2], draw: impl FnOnce(&mut Self)) {
        match (wide, narrow) {
            (true, true) => draw(self),
            (true, false) => self.group(&[("class", "wide")], draw),
            (false, true) => self.group(&[("class", "narrow"), ("display", "none")], draw),
            (false, false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_in_fewer_columns_where_there_is_less_room() {
        // Six networks in two rows of three.
        let cells = Cells::new(3, 6, (204.0, 160.0), 44.0);
        assert_eq!((cells.narrow(1), cells.narrow(4)), ((0, 1), (1, 1)), "a row is a column");
        assert_eq!(cells.narrow_size(), (408.0, 480.0));
        assert_eq!(cells.shift(4), (0.0, 0.0));
        assert_eq!((cells.is_lowest(2), cells.is_first(3)), ([false, true], [true, false]));
        // Three in a row.
        let cells = Cells::new(3, 3, (216.0, 100.0), 0.0);
        assert_eq!((cells.narrow(2), cells.shift(2)), ((0, 1), (-432.0, 100.0)));
        assert_eq!((cells.size(), cells.narrow_size()), ((648.0, 100.0), (432.0, 200.0)));
        assert_eq!((cells.is_lowest(1), cells.is_lowest(0)), ([true, true], [true, false]));
        // One is where it was, however wide.
        assert_eq!(Cells::new(1, 1, (512.0, 100.0), 100.0).shift(0), (0.0, 0.0));
    }

    #[test]
    fn what_is_nowhere_else_is_drawn_without_a_group() {
        let mut svg = Svg::new(0.0, 0.0);
        svg.moved((0.0, 0.0), |svg| svg.text((1.0, 1.0), "here", &[]));
        svg.shown_in([true, true], |svg| svg.text((1.0, 1.0), "both", &[]));
        svg.shown_in([false, false], |svg| svg.text((1.0, 1.0), "none", &[]));
        svg.moved((-2.0, 3.0), |svg| svg.text((1.0, 1.0), "there", &[]));
        let svg = svg.finish();
        assert!(!svg.contains("none</text>") && svg.matches("<g").count() == 1, "{svg}");
        assert!(svg.contains("style=\"--x:-2.0px;--y:3.0px\""), "{svg}");
    }
}
