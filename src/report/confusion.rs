//! The confusion matrix of a network, as a picture and as a table.

use super::number::{percent, whole};
use super::svg::{END, MIDDLE, Svg};
use super::table::columns;
use crate::record::{ClassRecord, Classification};

/// The side of a cell, at least, and what all cells take together where they are few.
const CELL: f64 = 26.0;
const SIDE: f64 = 420.0;

/// Room at the left for the classes, above for the title, and below for the classes.
const LEFT: f64 = 150.0;
const TOP: f64 = 50.0;
const FOOT: f64 = 54.0;

/// The colour of cells on the diagonal, and of those beside it (Okabe and Ito 2008).
const CORRECT: &str = "#0072b2";
const WRONG: &str = "#d55e00";

/// Beyond this share of a row the number in a cell is white.
const DARK: f64 = 0.6;

/// The matrix as a whole SVG file: a row for each class, as shares of its images.
#[must_use]
pub fn svg(found: &Classification) -> String {
    let count = found.classes.len();
    let cell = (SIDE / count.max(1) as f64).max(CELL);
    let side = cell * count as f64;
    let mut svg = Svg::new(LEFT + side + 90.0, TOP + side + FOOT);
    let title = format!(
        "{}: {} of {} test images classified correctly",
        found.name(),
        percent(found.accuracy),
        whole(found.images)
    );
    svg.text((0.0, 16.0), &title, &[("font-weight", "600")]);
    svg.text((LEFT + side + 8.0, TOP - 6.0), "recall", &[]);
    for (row, (class, counts)) in found.classes.iter().zip(&found.confusion).enumerate() {
        let y = TOP + cell * row as f64;
        let label = class.label.to_string();
        svg.text((LEFT - 8.0, y + cell / 2.0 + 4.0), &label, &[END]);
        let recall = percent(class.recall.unwrap_or(f64::NAN));
        svg.text((LEFT + side + 8.0, y + cell / 2.0 + 4.0), &recall, &[]);
        for (col, &images) in counts.iter().enumerate() {
            let share = images as f64 / class.images.max(1) as f64;
            let colour = if row == col { CORRECT } else { WRONG };
            draw_cell(&mut svg, [LEFT + cell * col as f64, y, cell], (images, share), colour);
        }
        let x = LEFT + cell * (row as f64 + 0.5);
        svg.text((x, TOP + side + 15.0), &label, &[MIDDLE]);
    }
    svg.text((LEFT - 30.0, TOP + side / 2.0), "class", &[END]);
    svg.text((LEFT + side / 2.0, TOP + side + 34.0), "classified as", &[MIDDLE]);
    svg.alone()
}

/// One cell at x and y, as dark as its share, with its number where there is one.
fn draw_cell(svg: &mut Svg, [x, y, side]: [f64; 3], (images, share): (usize, f64), colour: &str) {
    svg.filled((x, y), (side - 1.0, side - 1.0), colour, 0.06 + 0.94 * share.sqrt());
    if images > 0 {
        let ink = if share.sqrt() > DARK { "#ffffff" } else { "#1c1e21" };
        let middle = (x + side / 2.0, y + side / 2.0 + 4.0);
        svg.text(middle, &images.to_string(), &[MIDDLE, ("fill", ink)]);
    }
}

/// The matrix as a table: a row for each class, with its recall, and the precision of each column below.
#[must_use]
pub fn table(found: &Classification, width: Option<usize>) -> String {
    let share = |share: Option<f64>| percent(share.unwrap_or(f64::NAN));
    let header = ["class".to_owned()].into_iter();
    let header = header.chain(found.classes.iter().map(|class| format!("as {}", class.label)));
    let mut rows = vec![header.chain(["recall".to_owned()]).collect::<Vec<_>>()];
    let row = |(class, counts): (&ClassRecord, &Vec<usize>)| {
        let cells = [class.label.to_string()].into_iter();
        let cells = cells.chain(counts.iter().map(ToString::to_string));
        cells.chain([share(class.recall)]).collect()
    };
    rows.extend(found.classes.iter().zip(&found.confusion).map(row));
    let precision = found.classes.iter().map(|class| share(class.precision));
    rows.push(
        ["precision".to_owned()]
            .into_iter()
            .chain(precision)
            .chain([percent(found.accuracy)])
            .collect(),
    );
    columns(&rows, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Classification {
        let class =
            |label, images, precision, recall| ClassRecord { label, images, precision, recall };
        Classification {
            run: "relu-none".into(),
            replica: 1,
            step: Some(4),
            images: 4,
            loss: 0.5,
            accuracy: 0.75,
            classes: vec![
                class(0, 3, Some(1.0), Some(2.0 / 3.0)),
                class(1, 1, Some(0.5), Some(1.0)),
            ],
            confusion: vec![vec![2, 1], vec![0, 1]],
        }
    }

    #[test]
    fn a_table_has_counts_recall_and_precision() {
        let lines = [
            "class        as 0    as 1   recall",
            "──────────────────────────────────",
            "0               2       1   66.7 %",
            "1               0       1  100.0 %",
            "precision  100.0 %  50.0 %  75.0 %",
        ];
        let table = table(&found(), None);
        let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            table.lines().map(squeezed).skip(2).collect::<Vec<_>>(),
            lines.map(squeezed)[2..]
        );
    }

    #[test]
    fn a_picture_has_a_number_in_each_cell_that_has_one() {
        let svg = svg(&found());
        assert!(
            svg.starts_with("<svg ") && svg.contains("relu-none-replica1: 75.0 % of 4 test images")
        );
        assert_eq!(svg.matches("<rect ").count(), 4);
        for number in [">2</text>", ">66.7 %</text>", ">classified as</text>"] {
            assert!(svg.contains(number), "{number}: {svg}");
        }
    }
}
