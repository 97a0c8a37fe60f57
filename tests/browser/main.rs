//! The page in a browser: the slider moves everything, nothing overlaps or is cut off, wide or narrow, in
//! light or dark mode.
//!
//! Ignored with the reason where there is no Chromium; `NORMLAB_REQUIRE_BROWSER=1` makes that a failure.
//! Screenshots are left in the tests' folder, `target/tmp`, for inspection.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod conformance;
mod devtools;
#[path = "../interpreter/generator.rs"]
mod generator;
mod lesson;
#[path = "../support/lesson_records.rs"]
mod lesson_records;
#[path = "../support/network.rs"]
mod network;
mod programs;
mod reading;
mod webgpu;

use devtools::Browser;
use lesson_records::{NETWORKS, STEPS, lesson};
use libtest_mimic::{Arguments, Completion, Trial};
use normlab::report::picture::{Frame, Picture, Topic};
use normlab::report::{folder, page};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// The variable that turns a missing browser into a failure.
const REQUIRE_BROWSER: &str = "NORMLAB_REQUIRE_BROWSER";

/// Flags that give a browser WebGPU on a software adapter.
const WEBGPU: &[&str] = &["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

const NONE: &str = "there is no chromium and no google-chrome on the PATH";

/// Texts of pictures that overlap or are cut off, empty pictures, and a page that is wider than its window.
const DEFECTS: &str = include_str!("defects.js");

fn main() {
    let trials = vec![
        in_browser("the_slider_moves_all_pictures", the_slider_moves_all_pictures),
        in_browser("the_button_plays_and_pauses", the_button_plays_and_pauses),
        in_browser("pages_have_no_defects", pages_have_no_defects),
        in_browser("defects_are_seen", defects_are_seen),
        in_browser("shaders_are_shown_when_asked_for", shaders_are_shown_when_asked_for),
        in_browser("print_shows_pictures_without_controls", print_shows_pictures_without_controls),
        in_browser("the_step_is_in_the_address", reading::the_step_is_in_the_address),
        in_browser("a_link_unfolds_what_it_names", reading::a_link_unfolds_what_it_names),
        in_browser("curves_tell_their_values", reading::curves_tell_their_values),
        in_browser("sweeps_tell_their_values", reading::sweeps_tell_their_values),
        in_browser("frames_tell_their_own_values", reading::frames_tell_their_own_values),
        in_browser("what_follows_the_slider_is_marked", reading::what_follows_the_slider_is_marked),
        in_browser("the_page_of_a_run_has_no_defects", the_page_of_a_run_has_no_defects),
        in_browser("the_page_of_a_sweep_has_no_defects", the_page_of_a_sweep_has_no_defects),
        on_webgpu("networks_train_as_they_do_natively", webgpu::networks_train_as_they_do_natively),
        on_webgpu(
            "a_runner_refills_evaluates_probes_and_goes_back",
            webgpu::a_runner_refills_evaluates_probes_and_goes_back,
        ),
        on_webgpu(
            "what_was_exported_for_another_adapter_is_refused",
            webgpu::what_was_exported_for_another_adapter_is_refused,
        ),
        on_webgpu("a_lost_device_is_told", webgpu::a_lost_device_is_told),
        on_webgpu("bad_input_is_told", webgpu::bad_input_is_told),
        on_webgpu(
            "every_kernel_is_good_in_a_browser",
            conformance::every_kernel_is_good_in_a_browser,
        ),
        on_webgpu("programs_by_chance_agree", programs::programs_by_chance_agree),
        on_webgpu(
            "a_broken_kernel_is_found_in_a_browser",
            conformance::a_broken_kernel_is_found_in_a_browser,
        ),
        on_webgpu(
            "the_catalogue_has_the_programs_of_the_command_line",
            lesson::the_catalogue_has_the_programs_of_the_command_line,
        ),
        on_webgpu(
            "the_laboratory_trains_as_the_command_line_does",
            lesson::the_laboratory_trains_as_the_command_line_does,
        ),
        on_webgpu(
            "the_page_starts_as_the_command_line_does",
            lesson::the_page_starts_as_the_command_line_does,
        ),
        with_browser(
            "the_page_of_another_run_has_no_defects",
            &["--disable-gpu"],
            lesson::the_page_of_another_run_has_no_defects,
        ),
        with_browser(
            "the_lesson_prints_on_eight_pages",
            &["--disable-gpu"],
            lesson::the_page_prints_on_eight_pages,
        ),
        with_browser(
            "the_lesson_has_no_defects",
            &["--disable-gpu"],
            lesson::the_page_has_no_defects,
        ),
        with_browser(
            "a_browser_without_an_adapter_is_told",
            &["--disable-gpu"],
            conformance::a_browser_without_an_adapter_is_told,
        ),
    ];
    let sections = lesson::SECTIONS.map(|(name, script)| {
        let name = format!("lesson::{name}");
        with_browser(&name, WEBGPU, move |browser| lesson::section(browser, script))
    });
    let trials = trials.into_iter().chain(sections).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A trial with a browser.
fn with_browser(
    name: &str,
    flags: &'static [&'static str],
    check: impl FnOnce(&mut Browser) + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || {
        let Some(program) = devtools::find() else {
            if std::env::var(REQUIRE_BROWSER).is_ok_and(|value| value == "1") {
                return Err(format!("{REQUIRE_BROWSER} is 1, but {NONE}").into());
            }
            return Ok(Completion::ignored_with(NONE));
        };
        check(&mut Browser::start(&program, flags));
        Ok(Completion::Completed)
    })
}

/// A trial with a browser that has the page open.
fn in_browser(name: &str, check: fn(&mut Browser)) -> Trial {
    with_browser(name, &["--disable-gpu"], move |browser| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.html");
        std::fs::write(&file, html()).unwrap();
        resize(browser, 1280);
        browser.open(&file);
        check(browser);
        let complaints = browser.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
    })
}

/// A trial with a browser that has WebGPU on a software adapter.
fn on_webgpu(name: &str, check: fn(&mut Browser)) -> Trial {
    with_browser(name, WEBGPU, check)
}

/// The lesson's page with one more picture, which has a frame for every second step.
fn html() -> String {
    let records = lesson();
    let frame = |&step: &usize| {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 40\"><text x=\"8\" y=\"28\" \
             fill=\"currentColor\">frame {step}</text></svg>"
        );
        Frame::new(step, svg)
    };
    let mut pictures = folder::pictures(&records);
    pictures.push(Picture {
        id: "moving".to_owned(),
        title: "Moving".to_owned(),
        caption: "A picture that changes.".to_owned(),
        alt: "The number of its frame.".to_owned(),
        topic: Topic::Outputs,
        has_modes: false,
        frames: STEPS.iter().step_by(2).map(frame).collect(),
    });
    pictures.push(reading::telling());
    page::html(&records, &pictures, None)
}

fn resize(browser: &mut Browser, width: usize) {
    let size = json!({ "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
}

fn text(browser: &mut Browser, selector: &str) -> String {
    let expression = format!("document.querySelector({selector:?}).textContent.trim()");
    browser.value(&expression).as_str().unwrap().to_owned()
}

/// What the slider says, the moving picture's frame, the last network's accuracy, and where a marker stands.
fn state(browser: &mut Browser) -> (String, String, String, f64) {
    let network = NETWORKS[NETWORKS.len() - 1];
    let marker = "Number(document.querySelector('#accuracy .marker').getAttribute('x1'))";
    (
        text(browser, "#now"),
        text(browser, "#moving .frame"),
        text(browser, &format!("[data-run='{network}']")),
        browser.value(marker).as_f64().unwrap(),
    )
}

fn the_slider_moves_all_pictures(browser: &mut Browser) {
    let end = state(browser);
    assert_eq!((end.0.as_str(), end.1.as_str()), ("step 150 of 150", "frame 100"));
    browser.value("document.getElementById('step').focus()");
    browser.press("ArrowLeft", 37);
    browser.press("ArrowLeft", 37);
    let middle = state(browser);
    assert_eq!((middle.0.as_str(), middle.1.as_str()), ("step 50 of 150", "frame 1"));
    browser.press("Home", 36);
    let start = state(browser);
    assert_eq!((start.0.as_str(), start.1.as_str()), ("step 1 of 150", "frame 1"));
    assert!(start.3 < middle.3 && middle.3 < end.3, "{start:?} {middle:?} {end:?}");
    assert!(start.2 != middle.2 && middle.2 != end.2, "{start:?} {middle:?} {end:?}");
    let words = browser.value("document.getElementById('step').ariaValueText");
    assert_eq!(words, "step 1 of 150");
    browser.press("End", 35);
    assert_eq!(state(browser), end);
}

fn the_button_plays_and_pauses(browser: &mut Browser) {
    browser.value("document.getElementById('play').focus()");
    browser.press(" ", 32);
    assert_eq!(text(browser, "#play"), "Pause");
    assert_eq!(text(browser, "#now"), "step 1 of 150");
    browser.press(" ", 32);
    let paused = text(browser, "#now");
    assert_eq!(text(browser, "#play"), "Play");
    sleep(Duration::from_millis(500));
    assert_eq!(text(browser, "#now"), paused);
    browser.press(" ", 32);
    for _ in 0..100 {
        if text(browser, "#play") == "Play" {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    assert_eq!(
        (text(browser, "#now").as_str(), text(browser, "#play").as_str()),
        ("step 150 of 150", "Play")
    );
}

/// A lesson of a second, with every picture that a run has.
fn the_page_of_a_run_has_no_defects(browser: &mut Browser) {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_normlab"));
    run.args(["--device", "cpu", "--steps", "12", "--hidden", "20,9", "--batch", "8", "--out"]);
    let ended = run.arg(folder.path()).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    browser.open(&folder.path().join("report.html"));
    assert_eq!(browser.value("document.querySelectorAll('.frame').length"), 24);
    reading::print_takes_few_pages(browser);
    for width in [1280, 390] {
        resize(browser, width);
        assert_eq!(browser.value(DEFECTS), json!([]), "{width} pixels at the end");
        browser.value("document.getElementById('step').focus()");
        browser.press("Home", 36);
        assert_eq!(browser.value(DEFECTS), json!([]), "{width} pixels at the start");
        // Batch norm's running statistics are still initial: it computes the same as no norm.
        let reading = text(browser, "[data-run='relu-batch']");
        assert_eq!(reading, "not yet", "{width} pixels");
        assert_eq!(shown(browser), ["in-training"]);
        browser.value("document.querySelector('#seen-sigmoid [data-mode=inference]').click()");
        assert_eq!(shown(browser), ["in-inference"]);
        assert_eq!(browser.value(DEFECTS), json!([]), "{width} pixels in inference");
        browser.value("document.getElementById('step').focus()");
        browser.press("End", 35);
        assert_eq!(shown(browser), ["in-inference"], "a choice holds at every step");
        browser.value("document.querySelector('#seen-sigmoid [data-mode=training]').click()");
        assert_eq!(shown(browser), ["in-training"]);
    }
}

/// Which of batch norm's columns are seen in the picture of what the layers see.
fn shown(browser: &mut Browser) -> Vec<String> {
    let groups = "[...document.querySelectorAll('#seen-sigmoid .frame g[class^=in-]')]";
    let seen = format!(
        "{groups}.filter((g) => getComputedStyle(g).display !== 'none').map((g) => g.getAttribute('class'))"
    );
    let seen = browser.value(&seen);
    seen.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// A sweep on its own has no slider, and must work without.
fn the_page_of_a_sweep_has_no_defects(browser: &mut Browser) {
    let folder = tempfile::tempdir().unwrap();
    let mut sweep = Command::new(env!("CARGO_BIN_EXE_normlab"));
    sweep.args(["batch-sizes", "--device", "cpu", "--steps", "4", "--hidden", "8", "--out"]);
    let ended = sweep.arg(folder.path()).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    browser.open(&folder.path().join("report.html"));
    assert_eq!(browser.value("document.querySelectorAll('.frame').length"), 1);
    for width in [1280, 390, 360] {
        resize(browser, width);
        assert_eq!(browser.value(DEFECTS), json!([]), "{width} pixels");
        let hidden = "(() => { const { scrollWidth, clientWidth } = document.querySelector('#claims .scroll'); \
                      return scrollWidth - clientWidth; })()";
        assert_eq!(browser.value(hidden), json!(0), "{width} pixels: the claim is cut off");
    }
}

fn pages_have_no_defects(browser: &mut Browser) {
    for scheme in ["light", "dark"] {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        browser.call("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
        for width in [1280, 390, 360] {
            resize(browser, width);
            assert_eq!(browser.value(DEFECTS), json!([]), "{width} pixels, {scheme}");
            let png = browser.screenshot();
            let file = format!("report-{width}-{scheme}.png");
            std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(file), &png).unwrap();
            let image = image::load_from_memory(&png).unwrap().to_luma8();
            assert_eq!(image.width() as usize, width);
            assert_eq!(image.get_pixel(2, 2).0[0] > 127, scheme == "light", "{width} {scheme}");
        }
    }
}

/// The table of shaders is closed at first. Open, it fits a phone: nothing of it is hidden at the side.
fn shaders_are_shown_when_asked_for(browser: &mut Browser) {
    let shown = "document.querySelector('#shaders table').checkVisibility()";
    browser.value("document.getElementById('records').open = true");
    assert_eq!(browser.value(shown), false);
    browser.value("document.querySelector('#shaders summary').click()");
    assert_eq!(browser.value(shown), true);
    let hidden = "(() => { const { scrollWidth, clientWidth } = document.querySelector('#shaders .scroll'); \
                  return scrollWidth - clientWidth; })()";
    for width in [1280, 500, 390, 360] {
        resize(browser, width);
        assert_eq!(browser.value(hidden), json!(0), "{width} pixels");
        assert_eq!(browser.value(DEFECTS), json!([]), "{width} pixels");
    }
}

/// The test itself: what it must see.
fn defects_are_seen(browser: &mut Browser) {
    let frame = "document.querySelector('#moving .frame')";
    let cases = [
        ("<text x='8' y='20'>one</text><text x='12' y='22'>two</text>", "overlap"),
        ("<text x='630' y='20'>beyond</text>", "cut off"),
        ("", "empty"),
    ];
    for (content, word) in cases {
        let svg = format!("<svg viewBox='0 0 640 40'>{content}</svg>");
        browser.value(&format!("{frame}.innerHTML = {svg:?}"));
        let defects = browser.value(DEFECTS);
        let seen = defects.as_array().unwrap();
        assert!(seen.len() == 1 && seen[0].as_str().unwrap().contains(word), "{word}: {defects}");
    }
    browser.value("document.querySelector('h1').style.width = '2000px'");
    assert!(browser.value(DEFECTS).to_string().contains("wider than its window"));
}

fn print_shows_pictures_without_controls(browser: &mut Browser) {
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    resize(browser, 720);
    let shown = "getComputedStyle(document.getElementById('controls')).display";
    assert_eq!(browser.value(shown), "none");
    assert_eq!(browser.value(DEFECTS), json!([]));
}
