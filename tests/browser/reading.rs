//! How a report is read: by its address, by links into what is folded, by pointing at curves, and on paper.

use super::{Browser, STEPS, text};
use normlab::report::picture::{Frame, PanelValues, Picture, Topic};
use serde_json::json;
use std::thread::sleep;
use std::time::Duration;

/// The most sheets of paper that a report may take.
const PAGES: usize = 12;

/// Waits until an expression has a value.
fn wait_for(browser: &mut Browser, expression: &str, expected: &str) {
    let mut seen = json!(null);
    for _ in 0..50 {
        seen = browser.value(expression);
        if seen == expected {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{expression} is {seen}, not {expected}");
}

pub(super) fn the_step_is_in_the_address(browser: &mut Browser) {
    const NOW: &str = "document.getElementById('now')?.textContent";
    assert_eq!(browser.value("location.hash"), "", "nobody has moved the slider");
    browser.value("location.hash = '#step=60'");
    wait_for(browser, NOW, "step 50 of 150");
    let before = browser.value("history.length");
    browser.value("document.getElementById('step').focus()");
    browser.press("ArrowRight", 39);
    wait_for(browser, "location.hash", "#step=100");
    assert_eq!(browser.value("history.length"), before, "moving the slider leaves no history");
    browser.call("Page.reload", json!({}));
    sleep(Duration::from_millis(300));
    wait_for(browser, NOW, "step 100 of 150");
    assert_eq!(text(browser, "#moving .frame"), "frame 100");
    browser.value("location.hash = '#step=0'");
    wait_for(browser, NOW, "step 1 of 150");
    // The anchor of a section moves no slider.
    browser.value("location.hash = '#claims'");
    assert_eq!(text(browser, "#now"), "step 1 of 150");
}

pub(super) fn a_link_unfolds_what_it_names(browser: &mut Browser) {
    const OPEN: &str = "[...document.querySelectorAll('.folded')].filter((one) => one.open).map((one) => one.id).join()";
    assert_eq!(browser.value(OPEN), "");
    browser.value("document.querySelector('nav summary').click()");
    browser.value("document.querySelector('nav a[href=\"#affine-sweep\"]').click()");
    wait_for(browser, OPEN, "about-sweeps");
    let top = "document.getElementById('affine-sweep').getBoundingClientRect().top";
    let top = browser.value(top).as_f64().unwrap();
    assert!((0.0..844.0).contains(&top), "{top}");
    // Closed again, the same link opens it again.
    browser.value("document.getElementById('about-sweeps').open = false");
    browser.value("document.querySelector('nav a[href=\"#affine-sweep\"]').click()");
    wait_for(browser, OPEN, "about-sweeps");
    browser.value("document.querySelector('nav a[href=\"#machine\"]').click()");
    wait_for(browser, OPEN, "about-sweeps,records");
}

/// What is read at a curve; nothing where nothing is.
const READOUT: &str = "(document.querySelector('.readout').hidden ? '' : document.querySelector('.readout').innerText)";

/// Its first words, at most this many.
fn read_in_words(count: usize) -> String {
    format!("{READOUT}.split(/\\s+/).slice(0, {count}).join(' ')")
}

/// Points at a panel, at a share of its width.
fn point_at(browser: &mut Browser, ground: &str, share: f64) {
    browser.value(&format!("{ground}.blur(); {ground}.scrollIntoView({{ block: 'center' }})"));
    sleep(Duration::from_millis(200));
    let place = |side: &str| format!("{ground}.getBoundingClientRect().{side}");
    let [left, top, width] =
        ["left", "top", "width"].map(|side| browser.value(&place(side)).as_f64().unwrap());
    browser.point(left + share * width, top + 20.0);
}

pub(super) fn curves_tell_their_values(browser: &mut Browser) {
    const GROUND: &str = "document.querySelectorAll('#accuracy .ground')[1]";
    let said = format!("{GROUND}.ariaValueText");
    assert_eq!(browser.value(READOUT), "");
    browser.value(&format!("{GROUND}.focus()"));
    let end = browser.value(&said);
    assert!(end.as_str().unwrap().starts_with("step 150: no norm "), "{end}");
    browser.press("Home", 36);
    let start = browser.value(&said);
    assert!(start.as_str().unwrap().starts_with("step 1: no norm "), "{start}");
    browser.press("ArrowRight", 39);
    let next = browser.value(&said);
    assert!(next.as_str().unwrap().starts_with("step 50: "), "{next}");
    let seen = browser.value(READOUT);
    let reading = |text: &str| text.split_whitespace().collect::<String>().replace([':', ','], "");
    assert_eq!(reading(seen.as_str().unwrap()), reading(next.as_str().unwrap()));
    browser.press("Escape", 27);
    assert_eq!(browser.value(READOUT), "");
    point_at(browser, GROUND, 0.7);
    wait_for(browser, &read_in_words(2), "step 100");
    browser.point(1.0, 1.0);
    wait_for(browser, READOUT, "");
    assert_eq!(
        browser.value("document.querySelector('#accuracy .frame').getAttribute('role')"),
        "group"
    );
    assert_eq!(
        browser.value("document.querySelector('#moving .frame').getAttribute('role')"),
        "img"
    );
}

/// On an axis where equal distances are equal ratios.
pub(super) fn sweeps_tell_their_values(browser: &mut Browser) {
    const GROUND: &str = "document.querySelector('#learning-rates-relu .ground')";
    let said = format!("{GROUND}.ariaValueText");
    browser.value("document.getElementById('about-sweeps').open = true");
    for width in [1280, 390] {
        super::resize(browser, width);
        browser.value(&format!("{GROUND}.focus()"));
        browser.press("Home", 36);
        let first = "learning rate 0.008: no norm 31.5 %, batch norm 51.8 %, layer norm 90.2 %";
        assert_eq!(browser.value(&said), first);
        browser.press("End", 35);
        let last = "learning rate 5: no norm diverged, batch norm 22.1 %, layer norm diverged";
        assert_eq!(browser.value(&said), last);
        // 0.07 and 0.6 are at 0.35 and 0.65 of the width.
        point_at(browser, GROUND, 0.4);
        wait_for(browser, &read_in_words(3), "learning rate 0.07");
        point_at(browser, GROUND, 0.6);
        wait_for(browser, &read_in_words(3), "learning rate 0.6");
        browser.point(1.0, 1.0);
        wait_for(browser, READOUT, "");
    }
}

/// A picture of one panel, whose curve is another in each of its frames.
pub(super) fn telling() -> Picture {
    let point =
        |place: f64, layer: &str, value: usize| (place, layer.to_owned(), value.to_string());
    let frame = |&step: &usize| {
        Frame {
        step,
        svg: "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 40\"><rect class=\"ground\" \
              x=\"0\" y=\"0\" width=\"640\" height=\"40\" fill=\"none\" pointer-events=\"all\"/></svg>"
            .to_owned(),
        values: vec![PanelValues {
            title: "Telling".to_owned(),
            x: "layer".to_owned(),
            lines: vec![(
                "no norm".to_owned(),
                vec![point(0.25, "1", step), point(0.75, "2", 2 * step)],
            )],
        }],
    }
    };
    Picture {
        id: "telling".to_owned(),
        title: "Telling".to_owned(),
        caption: "A curve that changes.".to_owned(),
        alt: "Its numbers.".to_owned(),
        topic: Topic::Outputs,
        has_modes: false,
        frames: STEPS.iter().step_by(2).map(frame).collect(),
    }
}

pub(super) fn frames_tell_their_own_values(browser: &mut Browser) {
    const GROUND: &str = "document.querySelector('#telling .ground')";
    let said = format!("{GROUND}.ariaValueText");
    let slide = |stop: usize| {
        format!(
            "(() => {{ const slider = document.getElementById('step'); slider.value = {stop}; \
             slider.dispatchEvent(new Event('input')); }})()"
        )
    };
    browser.value("document.getElementById('about-outputs').open = true");
    browser.value(&format!("{GROUND}.focus()"));
    assert_eq!(browser.value(&said), "layer 2: no norm 200", "the last frame, of step 100");
    browser.press("Home", 36);
    assert_eq!(browser.value(&said), "layer 1: no norm 100");
    browser.value(&slide(0));
    assert_eq!(browser.value(&said), "layer 1: no norm 1", "the frame of step 1");
    assert_eq!(browser.value(&format!("document.activeElement === {GROUND}")), true);
    wait_for(browser, &read_in_words(5), "layer 1 no norm 1");
    browser.press("ArrowRight", 39);
    assert_eq!(browser.value(&said), "layer 2: no norm 2", "keys still move over it");
    point_at(browser, GROUND, 0.3);
    wait_for(browser, &read_in_words(5), "layer 1 no norm 1");
    browser.value(&slide(3));
    wait_for(browser, &read_in_words(5), "layer 1 no norm 100");
    browser.point(1.0, 1.0);
    wait_for(browser, READOUT, "");
}

pub(super) fn what_follows_the_slider_is_marked(browser: &mut Browser) {
    let sign = |id: &str| text_of(id);
    assert_eq!(browser.value(&sign("moving")), "follows the slider");
    assert_eq!(browser.value(&sign("accuracy")), "the vertical line follows the slider");
    assert_eq!(browser.value(&sign("batch-sizes-sigmoid")), json!(null));
}

/// What the sign of a picture says.
fn text_of(id: &str) -> String {
    format!(
        "[...document.querySelectorAll('#{id} .follows')].map((one) => one.hidden ? '' : one.textContent.trim())[0]"
    )
}

/// A report of all pictures on paper: no figure is split, and no heading is separated from what follows it.
pub(super) fn print_takes_few_pages(browser: &mut Browser) {
    let pages = browser.printed_pages();
    assert!((3..=PAGES).contains(&pages), "{pages} pages");
    let closed = "document.querySelectorAll('main details[open]').length";
    assert_eq!(browser.value(closed), 0, "what print opened is closed again");
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    for (parts, property) in [("figure", "breakInside"), ("h2, h3, summary", "breakAfter")] {
        let torn = format!(
            "[...document.querySelectorAll('{parts}')].filter((one) => getComputedStyle(one).{property} !== 'avoid').length"
        );
        assert_eq!(browser.value(&torn), 0, "{parts}");
    }
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "" }));
}
