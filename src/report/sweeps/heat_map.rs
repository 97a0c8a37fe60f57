//! Accuracy over the cells of a sweep: a map of two settings, once for each combination of the others.

use super::across_seeds::constant_guess;
use super::keys::varied;
use crate::record::SweepRecord;
use crate::report::number::{percent, whole};
use crate::report::picture::{Frame, PanelValues, Picture, Reading, Topic};
use crate::report::records::distinct;
use crate::report::reflow::{Cells, NARROW};
use crate::report::svg::{MIDDLE, Svg, WIDTH};

/// The sides of a cell: as wide as there is room, up to a limit.
const WIDEST: f64 = 58.0;
const NARROWEST: f64 = 8.0;
const TALL: f64 = 24.0;

/// A cell at least so wide has room for its number.
const NUMBERED: f64 = 36.0;

/// What lies around a map.
const LEFT: f64 = 112.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 44.0;

/// Lines for the values of columns at most, and from one to the next.
const LINES: usize = 2;
const LINE: f64 = 13.0;

/// The key of the colours, below all maps.
const KEY: f64 = 40.0;
const SWATCHES: usize = 6;

/// Maps at most.
const MOST: usize = 24;

/// Characters of a value at most.
const CHARACTERS: usize = 16;

/// The colour of the highest accuracy, and how much of it the lowest and the highest have: words stay legible on
/// it, on light and on dark paper.
const COLOUR: &str = "#0072b2";
const PALEST: f64 = 0.04;
const DEEPEST: f64 = 0.62;

/// One map.
struct Map<'a> {
    title: String,
    networks: Vec<&'a SweepRecord>,
}

/// What the columns and the rows of all maps are.
struct Sides<'a> {
    /// The key of the columns, and its values.
    x: (&'a str, Vec<&'a str>),
    /// The key of the rows; none where a single key varies.
    y: Option<(&'a str, Vec<&'a str>)>,
}

/// The map of a sweep; none where no key has two values. `wanted` are the keys of columns and rows, by default
/// the two with the most values.
pub(super) fn picture(records: &[SweepRecord], wanted: Option<&[String; 2]>) -> Option<Picture> {
    let varied = varied(records);
    let (x, y) = match wanted {
        Some([x, y]) => (x.as_str(), Some(y.as_str())),
        None => {
            let mut keys: Vec<_> = varied.iter().collect();
            keys.sort_by_key(|(_, values)| std::cmp::Reverse(values.len()));
            (keys.first()?.0, keys.get(1).map(|(key, _)| *key))
        }
    };
    let side = |key: &str| varied.iter().find(|(name, _)| *name == key).cloned();
    let sides = Sides { x: side(x)?, y: y.and_then(side) };
    let others: Vec<_> =
        varied.iter().map(|(key, _)| *key).filter(|key| *key != x && Some(*key) != y).collect();
    let all = distinct(records.iter().map(|record| combination(record, &others)));
    let maps: Vec<_> = all
        .iter()
        .take(MOST)
        .map(|title| Map {
            title: title.clone(),
            networks: records.iter().filter(|one| combination(one, &others) == *title).collect(),
        })
        .collect();
    let step = records.iter().map(|record| record.run.steps).max().unwrap_or_default();
    let over = match y {
        Some(y) => format!("{x} and {y}"),
        None => x.to_owned(),
    };
    let each = match others.as_slice() {
        [] => String::new(),
        others => format!(", one map for each combination of {}", others.join(", ")),
    };
    let left_out = match all.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" {} more maps are left out; sweep.csv has all cells.", whole(more)),
    };
    let replicas = match records.iter().map(|record| record.replicas.len()).max() {
        Some(several) if several > 1 => " A number is the median over the replicas.",
        _ => "",
    };
    let said: Vec<_> = records.iter().filter_map(|one| Some((one.accuracy()?, one))).collect();
    let best = said.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let best = best.map_or(String::new(), |(accuracy, one)| {
        format!(
            " The highest is {}, of {}.",
            percent(*accuracy),
            one.name(crate::record::Swept::Keys)
        )
    });
    Some(Picture {
        id: "sweep-map".to_owned(),
        title: format!("Accuracy over {over}"),
        caption: format!(
            "Test accuracy in % after {} steps, for each value of {over}{each}. × marks networks that \
             diverged, – cells that were not trained.{replicas}{best}{left_out}",
            whole(step)
        ),
        alt: format!("A map of the test accuracy over {over}{each}.{best}"),
        topic: Topic::Sweeps,
        has_modes: false,
        frames: vec![frame(step, &sides, &maps, constant_guess(records).accuracy)],
    })
}

/// A network's values of these keys, in words.
fn combination(record: &SweepRecord, keys: &[&str]) -> String {
    let value = |key: &&str| Some(format!("{key} {}", record.values.get(*key)?));
    keys.iter().filter_map(value).collect::<Vec<_>>().join(", ")
}

fn frame(step: usize, sides: &Sides, maps: &[Map], chance: f64) -> Frame {
    let columns = sides.x.1.len();
    let rows = sides.y.as_ref().map_or(1, |(_, values)| values.len());
    let wide = ((NARROW - LEFT - RIGHT) / columns as f64).clamp(NARROWEST, WIDEST);
    let size = (wide * columns as f64, TALL * rows as f64);
    let pitch = (LEFT + size.0 + RIGHT, TOP + size.1 + below(crowding(&sides.x.1, wide)));
    let across = ((WIDTH / pitch.0) as usize).clamp(1, maps.len().max(1));
    let cells = Cells::new(across, maps.len(), pitch, 0.0);
    let (whole_size, narrow) = (cells.size(), cells.narrow_size());
    let mut svg = Svg::new(whole_size.0, whole_size.1 + KEY);
    svg.narrow(narrow.0.max(NARROW), narrow.1 + KEY);
    let mut values = Vec::new();
    for (place, map) in maps.iter().enumerate() {
        let (column, row) = cells.wide(place);
        let corner = (pitch.0 * column as f64 + LEFT, pitch.1 * row as f64 + TOP);
        svg.moved(cells.shift(place), |svg| {
            values.push(draw(svg, sides, map, (corner, wide, chance)));
        });
    }
    svg.moved((0.0, narrow.1 - whole_size.1), |svg| draw_key(svg, whole_size.1, chance));
    Frame { step, svg: svg.finish(), values }
}

/// How much of the colour an accuracy has.
fn depth(accuracy: f64, chance: f64) -> f64 {
    let share = ((accuracy - chance) / (1.0 - chance)).clamp(0.0, 1.0);
    PALEST + (DEEPEST - PALEST) * share
}

fn draw(
    svg: &mut Svg,
    Sides { x, y }: &Sides,
    map: &Map,
    ((left, top), wide, chance): ((f64, f64), f64, f64),
) -> PanelValues {
    let (width, one) = (wide * x.1.len() as f64, (String::new(), vec![""]));
    svg.text((left, top - 9.0), &map.title, &[("font-weight", "600")]);
    let (y_key, y_values) = match y {
        Some((key, values)) => ((*key).to_owned(), values.clone()),
        None => one,
    };
    let mut lines = Vec::new();
    for (row, y_value) in y_values.iter().enumerate() {
        let at = top + TALL * row as f64;
        let end = [("text-anchor", "end")];
        if !y_key.is_empty() {
            svg.text((left - 6.0, at + 16.0), &shortened(y_value), &end);
        }
        let mut readings: Vec<Reading> = Vec::new();
        for (column, x_value) in x.1.iter().enumerate() {
            let corner = (left + wide * column as f64, at);
            let is_here = |record: &&&SweepRecord| {
                let value = |key: &str| record.values.get(key).map_or("", String::as_str);
                value(x.0) == *x_value && (y_key.is_empty() || value(&y_key) == *y_value)
            };
            let network = map.networks.iter().find(is_here);
            let said = draw_cell(svg, corner, wide, (network.copied(), chance));
            readings.push(((column as f64 + 0.5) / x.1.len() as f64, (*x_value).to_owned(), said));
        }
        lines.push((format!("{y_key} {y_value}").trim().to_owned(), readings));
    }
    let bottom = top + TALL * y_values.len() as f64;
    // Where values are wide, they take turns on two lines, and only some of them have room.
    let crowding = crowding(&x.1, wide);
    let every = crowding.div_ceil(LINES);
    for (place, (column, value)) in x.1.iter().enumerate().step_by(every).enumerate() {
        let middle = left + wide * (column as f64 + 0.5);
        let line = if crowding > 1 { place % LINES } else { 0 };
        svg.text((middle, bottom + 14.0 + LINE * line as f64), &shortened(value), &[MIDDLE]);
    }
    svg.text((left + width / 2.0, bottom + below(crowding) - 14.0), x.0, &[MIDDLE]);
    if !y_key.is_empty() {
        svg.text((left - 6.0, top - 9.0), &y_key, &[("text-anchor", "end")]);
    }
    svg.ground((left, top), (width, bottom - top));
    PanelValues { title: map.title.clone(), x: x.0.to_owned(), lines }
}

/// The columns that the longest of their values takes.
fn crowding(values: &[&str], wide: f64) -> usize {
    let longest = values.iter().map(|value| shortened(value).chars().count()).max().unwrap_or(1);
    ((longest as f64 * 6.4 + 6.0) / wide).ceil().max(1.0) as usize
}

/// The height of what is below a map: its columns' values, and their key.
fn below(crowding: usize) -> f64 {
    BOTTOM + if crowding > 1 { LINE } else { 0.0 }
}

/// Draws a cell, and returns what is read there.
fn draw_cell(
    svg: &mut Svg,
    (x, y): (f64, f64),
    wide: f64,
    (network, chance): (Option<&SweepRecord>, f64),
) -> String {
    let accuracy = network.and_then(SweepRecord::accuracy);
    let (mark, said) = match (network, accuracy) {
        (_, Some(accuracy)) => (format!("{:.1}", 100.0 * accuracy), percent(accuracy)),
        (Some(_), None) => ("×".to_owned(), "diverged".to_owned()),
        (None, _) => ("–".to_owned(), "not trained".to_owned()),
    };
    if let Some(accuracy) = accuracy {
        fill(svg, (x, y), (wide, TALL), depth(accuracy, chance));
    }
    if wide >= NUMBERED || accuracy.is_none() {
        svg.text((x + wide / 2.0, y + 16.0), &mark, &[MIDDLE]);
    }
    said
}

fn fill(svg: &mut Svg, at: (f64, f64), (width, height): (f64, f64), depth: f64) {
    svg.filled(at, (width - 1.0, height - 1.0), COLOUR, depth);
}

/// Draws what the colours mean.
fn draw_key(svg: &mut Svg, top: f64, chance: f64) {
    for swatch in 0..SWATCHES {
        let share = swatch as f64 / (SWATCHES - 1) as f64;
        let accuracy = chance + (1.0 - chance) * share;
        let x = 40.0 + 60.0 * swatch as f64;
        fill(svg, (x, top + 4.0), (60.0, 14.0), depth(accuracy, chance));
        let words = match swatch {
            0 => "chance".to_owned(),
            _ => percent(accuracy),
        };
        svg.text((x + 30.0, top + 32.0), &words, &[MIDDLE]);
    }
}

/// A value with its end only, where it is long: of a path, what tells it apart.
fn shortened(value: &str) -> String {
    let characters: Vec<_> = value.chars().collect();
    match characters.len() {
        0 => "none".to_owned(),
        length if length > CHARACTERS => {
            let end: String = characters[length - CHARACTERS + 1..].iter().collect();
            format!("…{end}")
        }
        _ => value.to_owned(),
    }
}
