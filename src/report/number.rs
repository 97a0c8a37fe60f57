//! How the report writes numbers: the only place where they become text.

/// A share as a percentage; a dash if it is not finite.
#[must_use]
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { "–".to_owned() }
}

/// A range of shares as percentages; a single one if both read the same.
#[must_use]
pub fn range(low: f64, high: f64) -> String {
    let [low, high] = [low, high].map(percent);
    if low == high { low } else { format!("{}–{high}", low.trim_end_matches(" %")) }
}

/// The range around a share, if it does not read the same as the share itself.
#[must_use]
pub fn range_around(share: f64, low: f64, high: f64) -> Option<String> {
    Some(range(low, high)).filter(|range| *range != percent(share))
}

/// A number with this many decimals, or in powers of ten if it would be long.
#[must_use]
pub fn decimals(value: f64, decimals: usize) -> String {
    if value.abs() < 1e4 { format!("{value:.decimals$}") } else { times_ten_to(value) }
}

/// A number of at most five characters, or a power of ten if it would be longer: 0.123, 12.3, 5e22.
#[must_use]
pub fn in_five(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 1e3 => format!("{value:.1}"),
        _ => format!("{value:.0e}"),
    }
}

/// A round number with up to three decimals and no trailing zeros, or in powers of ten if it would be long.
#[must_use]
pub fn trimmed(value: f64) -> String {
    if value.abs() >= 1e6 {
        return times_ten_to(value);
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number in powers of ten with two significant digits, short enough for a table column: 2.5e-7.
/// Sentences use [`figure`].
#[must_use]
pub fn power(value: f64) -> String {
    format!("{value:.1e}")
}

/// A number in powers of ten with two significant digits: 2.5·10⁻⁷.
fn times_ten_to(value: f64) -> String {
    let text = power(value);
    match text.split_once('e').map(|(number, exponent)| (number, exponent.parse())) {
        Some((number, Ok(exponent))) => format!("{number}·{}", ten_to(exponent)),
        _ => text,
    }
}

/// A power of ten, for example 10⁻⁷.
#[must_use]
pub fn ten_to(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    format!("10{}", exponent.to_string().chars().map(raised).collect::<String>())
}

/// A number in a sentence: with two decimals, two significant digits if it is small, or in powers of ten if
/// it would be long.
#[must_use]
pub fn figure(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "not a number".to_owned(),
        0.0 => "0".to_owned(),
        size if !(1e-4..1e5).contains(&size) => times_ten_to(value),
        size if size < 0.0995 => format!("{value:.*}", (1.0 - size.log10().floor()) as usize),
        _ => format!("{value:.2}"),
    }
}

/// A number between a lower and a higher one: 0.12 (-0.40 to 0.60); a dash if one is not finite.
#[must_use]
pub fn figure_between([low, middle, high]: [f64; 3]) -> String {
    if [low, middle, high].iter().all(|number| number.is_finite()) {
        format!("{} ({} to {})", figure(middle), figure(low), figure(high))
    } else {
        "–".to_owned()
    }
}

/// A share as a percentage, with a decimal only if it is small.
#[must_use]
pub fn short_percent(share: f64) -> String {
    format!("{:.*} %", usize::from(share < 0.0995), 100.0 * share)
}

/// An integer.
#[must_use]
pub fn whole(value: usize) -> String {
    value.to_string()
}

/// A time.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

/// A coordinate in a picture, in units of its `viewBox`.
#[must_use]
pub fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_short() {
        assert_eq!([0.9625, f64::NAN].map(percent), ["96.2 %", "–"]);
        assert_eq!([range(0.77, 0.894), range(0.1, 0.1)], ["77.0–89.4 %", "10.0 %"]);
        let around = [range_around(0.1, 0.0996, 0.1004), range_around(0.1, 0.1, 0.2)];
        assert_eq!(around, [None, Some("10.0–20.0 %".to_owned())]);
        assert_eq!([0.005, 20.0, 0.5, 2e13].map(trimmed), ["0.005", "20", "0.5", "2.0·10¹³"]);
        assert_eq!([0.1234, 12.34, 5.2e22].map(in_five), ["0.123", "12.3", "5e22"]);
        assert_eq!(decimals(2.3456, 3), "2.346");
        assert_eq!(decimals(1e30, 3), "1.0·10³⁰");
        assert_eq!(power(2.53e-7), "2.5e-7");
        assert_eq!([0, -12, 3].map(ten_to), ["10⁰", "10⁻¹²", "10³"]);
        assert_eq!([1.0, 1.25, 10.0, -0.04].map(coordinate), ["1", "1.2", "10", "0"]);
        let figures = [0.0, 0.123, -1.5, 0.0996, 0.0524, -0.0011, 2.5e-7, -3.04e12].map(figure);
        let expected = ["0", "0.12", "-1.50", "0.10", "0.052", "-0.0011", "2.5·10⁻⁷", "-3.0·10¹²"];
        assert_eq!(figures, expected);
        assert_eq!(figure(f64::INFINITY), "not a number");
        let between = [[-0.4, 0.12, 0.6], [0.0, f64::NAN, 1.0]].map(figure_between);
        assert_eq!(between, ["0.12 (-0.40 to 0.60)", "–"]);
        assert_eq!([0.271, 0.05].map(short_percent), ["27 %", "5.0 %"]);
    }
}
