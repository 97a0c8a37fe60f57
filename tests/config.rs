//! Experiments: what a file says, what it means, and with which sentence anything else is refused.

use normlab::config::{Affine, Experiment, Init, Norm, NormPosition, Optimizer};
use normlab::error::Error;
use normlab::kernels::activation::Activation;
use normlab::kernels::precision::Precision;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::path::PathBuf;

const NORMS: [Norm; 4] = [Norm::None, Norm::Batch, Norm::Layer, Norm::Rms];

/// The norms of the lesson.
const LESSON: [Norm; 3] = [Norm::None, Norm::Batch, Norm::Layer];

/// Every key of an experiment file.
const KEYS: [&str; 23] = [
    "activation",
    "norm",
    "affine",
    "norm_position",
    "hidden",
    "init",
    "optimizer",
    "learning_rate",
    "momentum",
    "batch",
    "steps",
    "seed",
    "replicas",
    "precision",
    "data",
    "test_data",
    "transpose",
    "train_images",
    "test_images",
    "binary",
    "evaluate_every",
    "verify_every",
    "probes",
];

fn parse(text: &str) -> Experiment {
    Experiment::parse(text, "mine.toml").unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What the error says about `text`, as a file or as the experiment in it.
fn refusal(text: &str) -> String {
    let checked = Experiment::parse(text, "mine.toml").and_then(|read| read.validate());
    let Err(error) = checked else { panic!("{text} was taken") };
    assert!(matches!(error, Error::Config(_)) && error.exit_status() == 2, "{error:?}");
    error.to_string()
}

#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let message = refusal(text);
    for word in words {
        assert!(message.contains(word), "{text}: {word:?} is not in {message:?}");
    }
}

#[test]
fn the_lesson_is_two_activations_times_three_norms() {
    let lesson = Experiment::lesson().unwrap();
    lesson.validate().unwrap();
    lesson.validate_for(10_000).unwrap();
    assert_eq!(lesson.warnings(), [""; 0]);
    let expected = Experiment {
        activation: vec![Activation::Sigmoid, Activation::Relu],
        norm: LESSON.to_vec(),
        hidden: vec![100; 5],
        init: Init::Uniform,
        optimizer: Optimizer::Sgd,
        learning_rate: 0.1,
        momentum: 0.0,
        batch: 60,
        steps: 1500,
        ..Experiment::default()
    };
    assert_eq!(lesson, expected);
    let networks = [Activation::Sigmoid, Activation::Relu];
    let networks = networks.iter().flat_map(|&a| LESSON.map(|norm| (a, norm)));
    assert_eq!(lesson.networks(), networks.collect::<Vec<_>>());
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(parse(""), Experiment::default());
    assert_eq!(parse("# only a remark"), Experiment::default());
    Experiment::default().validate().unwrap();
}

#[test]
fn written_out_every_key_is_there() {
    let experiment = Experiment {
        data: Some("images".into()),
        test_data: Some("other images".into()),
        transpose: Some(false),
        ..Experiment::default()
    };
    let text = experiment.to_toml().unwrap();
    let keys: Vec<_> = text.lines().filter_map(|line| line.split_once(" = ")).collect();
    assert_eq!(keys.iter().map(|(key, _)| *key).collect::<Vec<_>>(), KEYS);
}

#[test]
fn one_value_is_a_list_of_one() {
    assert_eq!(parse("norm = \"layer\"").norm, [Norm::Layer]);
    assert_eq!(parse("norm = \"layer\""), parse("norm = [\"layer\"]"));
    assert_eq!(parse("activation = \"tanh\"").activation, [Activation::Tanh]);
    let both = parse("activation = [\"relu\", \"identity\"]\nnorm = [\"none\", \"batch\"]");
    let expected = [
        (Activation::Relu, Norm::None),
        (Activation::Relu, Norm::Batch),
        (Activation::Identity, Norm::None),
        (Activation::Identity, Norm::Batch),
    ];
    assert_eq!(both.networks(), expected);
}

/// As a run leaves it: with the file's text, whether the file is there or not.
#[test]
fn an_activation_of_one_s_own_is_kept_with_its_text() {
    let functions = "fn activate(x: f32) -> f32 { return 2.0 * x; }\n\
                     fn activation_gradient(x: f32) -> f32 { return 2.0; }";
    let entry = format!("{{ path = \"/none/double.wgsl\", text = '''{functions}''' }}");
    let experiment = parse(&format!("activation = [{entry}, \"relu\"]"));
    let names: Vec<_> = experiment.activation.iter().map(|one| one.name()).collect();
    assert_eq!(names, ["double", "relu"]);
    assert_eq!(experiment.activation[0].activate(1.5_f64), 3.0);
    assert_eq!(parse(&experiment.to_toml().unwrap()), experiment);
    refused("activation = [{ path = \"a.wgsl\" }]", &["line 1", "missing field `text`"]);
    refused("activation = [{ path = \"a.wgsl\", text = \"fn\" }]", &["a.wgsl:1:3"]);
    refused("activation = [3]", &["line 1", "PATH.wgsl"]);
}

#[test]
fn an_unknown_key_is_refused_with_those_that_there_are() {
    let known = KEYS.map(|key| format!("`{key}`"));
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    refused("batch = 3\nlerning_rate = 1", &known);
    refused("batch = 3\nlerning_rate = 1", &["mine.toml", "lerning_rate", "line 2"]);
    refused("[train]\nbatch = 3", &["train"]);
    refused("batch = 3\nbatch = 4", &["duplicate", "line 2"]);
}

#[test]
fn a_value_of_another_kind_is_refused_with_what_is_expected() {
    refused("norm = \"group\"", &["norm", "group", "none", "batch", "layer", "rms"]);
    refused("norm = 3", &["norm", "none", "batch", "layer"]);
    refused("activation = [\"relu\", \"gelu\"]", &["gelu", "identity", "sigmoid", "relu", "tanh"]);
    refused("affine = \"none\"", &["affine", "per_unit", "shared"]);
    refused("norm_position = \"behind\"", &["norm_position", "before", "after"]);
    refused("optimizer = \"lion\"", &["optimizer", "sgd", "adam"]);
    refused("batch = \"many\"", &["batch", "many", "an integer"]);
    refused("steps = 1.5", &["steps", "1.5", "an integer"]);
    refused("seed = -1", &["seed", "-1", "an integer"]);
    refused("replicas = \"few\"", &["replicas", "few", "an integer"]);
    refused("hidden = [100, -1]", &["hidden", "-1", "an integer"]);
    refused("learning_rate = \"fast\"", &["learning_rate", "fast", "number"]);
    refused("binary = 1", &["binary", "boolean"]);
    // Rust's type names mean nothing to the author of such a file.
    for line in ["batch = -1", "seed = \"x\"", "momentum = \"x\"", "hidden = [true]"] {
        let message = refusal(line);
        let jargon = ["usize", "u64", "u32", "f32", "f64"];
        assert!(!jargon.iter().any(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    let whole = |low, high| format!("an integer from {low} to {high}");
    refused("batch = 0", &["batch is 0", &whole(1, 16_384)]);
    refused("batch = 16385", &["batch is 16385"]);
    refused("replicas = 0", &["replicas is 0", &whole(1, 16)]);
    refused("replicas = 17", &["replicas is 17", &whole(1, 16)]);
    refused("steps = 0", &["steps is 0", &whole(1, 100_000_000)]);
    refused("hidden = [10, 0]", &["hidden", "is 0", &whole(1, 16_384)]);
    refused(&format!("hidden = {:?}", [1; 65]), &["hidden", "layers", "is 65", &whole(0, 64)]);
    for rate in ["0", "-0.1", "nan", "inf", "1e39", "1e-60"] {
        refused(&format!("learning_rate = {rate}"), &["learning_rate is", "finite", "above 0"]);
    }
    for momentum in ["1", "-0.5", "nan", "inf"] {
        refused(&format!("momentum = {momentum}"), &["momentum is", "from 0 to below 1"]);
    }
    refused("optimizer = \"adam\"\nmomentum = 0.9", &["momentum is 0.9", "adam"]);
    refused("norm = []", &["norm is an empty list", "at least one"]);
    refused("activation = []", &["activation is an empty list", "at least one"]);
    refused("norm = [\"none\", \"layer\", \"none\"]", &["norm", "each value once"]);
    let seed = Experiment { seed: u64::MAX, ..Experiment::default() }.validate().unwrap_err();
    assert!(seed.to_string().contains(&i64::MAX.to_string()), "{seed}");
    // The last replica's seed, too, must be valid for a separate run.
    let last = Experiment { seed: i64::MAX as u64 - 2, replicas: 3, ..Experiment::default() };
    last.validate().unwrap();
    assert_eq!(last.last_seed(), i64::MAX as u64);
    let seed = Experiment { replicas: 4, ..last }.validate().unwrap_err();
    assert!(seed.to_string().contains(&(i64::MAX - 3).to_string()), "{seed}");
}

#[test]
fn a_batch_larger_than_the_data_is_refused() {
    let experiment = parse("batch = 11");
    experiment.validate_for(11).unwrap();
    let error = experiment.validate_for(10).unwrap_err().to_string();
    assert_eq!(error, "batch is 11; expected at most 10, the number of training examples");
}

#[test]
fn initializations_are_read_as_they_are_written() {
    let cases = [
        ("uniform", Init::Uniform),
        ("glorot", Init::Glorot),
        ("he", Init::He),
        ("normal:0.01", Init::Normal(0.01)),
        ("normal:1e-3", Init::Normal(0.001)),
    ];
    for (text, init) in cases {
        assert_eq!(text.parse::<Init>(), Ok(init));
        assert_eq!(init.to_string().parse::<Init>(), Ok(init));
        assert_eq!(parse(&format!("init = {text:?}")).init, init);
    }
    let far = ["normal:inf", "normal:1e300", "normal:1e-60"];
    for text in
        ["", "He", "normal", "normal:", "normal:x", "normal:0", "normal:-1"].into_iter().chain(far)
    {
        refused(&format!("init = {text:?}"), &["init", "uniform, glorot, he", "normal:0.01"]);
    }
    refused("init = \"normal:nan\"", &["deviation above 0"]);
}

#[test]
fn warnings_name_what_will_not_work() {
    let warned = |text: &str| parse(text).warnings().join("\n");
    assert!(warned("batch = 1").contains("batch norm at batch size 1"));
    assert_eq!(warned("batch = 1\nnorm = [\"none\", \"layer\", \"rms\"]"), "");
    assert_eq!(warned("batch = 2"), "");
    assert!(warned("affine = \"shared\"").contains("shared"));
    assert_eq!(warned("affine = \"shared\"\nnorm = \"layer\""), "");
    assert_eq!(warned("affine = \"shared\"\nnorm = \"rms\""), "");
    assert!(warned("hidden = [9, 1]\nnorm = \"layer\"").starts_with("layer norm on a layer of 1"));
    assert!(warned("hidden = [9, 1]\nnorm = \"rms\"").starts_with("rms norm on a layer of 1"));
    assert_eq!(warned("hidden = [9, 1]\nnorm = \"none\""), "");
}

fn some<T: Clone + std::fmt::Debug + 'static>(of: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let count = 1..=of.len();
    prop::sample::subsequence(of, count).prop_shuffle()
}

fn folder() -> impl Strategy<Value = Option<PathBuf>> {
    prop::option::of("[a-z\"'\\\\/ é\t#=]{1,12}".prop_map(PathBuf::from))
}

fn optimizer() -> impl Strategy<Value = (Optimizer, f32)> {
    prop_oneof![
        Just((Optimizer::Adam, 0.0)),
        (0.0_f32..1.0).prop_map(|momentum| (Optimizer::Sgd, momentum)),
    ]
}

fn init() -> impl Strategy<Value = Init> {
    let normal = (f64::from(f32::MIN_POSITIVE)..f64::from(f32::MAX)).prop_map(Init::Normal);
    prop_oneof![Just(Init::Uniform), Just(Init::Glorot), Just(Init::He), normal]
}

/// Any experiment that is valid.
fn experiments() -> impl Strategy<Value = Experiment> {
    let affine = prop_oneof![Just(Affine::PerUnit), Just(Affine::Shared)];
    let position = prop_oneof![Just(NormPosition::Before), Just(NormPosition::After)];
    let networks = (some(Activation::ALL.to_vec()), some(NORMS.to_vec()), affine, position);
    let hidden = prop::collection::vec(1_usize..=16_384, 0..=64);
    let training = (optimizer(), f32::MIN_POSITIVE..=f32::MAX, 1_usize..=16_384);
    let precision = prop_oneof![Just(Precision::F32), Just(Precision::Mixed)];
    let seed = 0_u64..=i64::MAX as u64 - 15;
    let length = (1_usize..=100_000_000, seed, 1_usize..=16, precision);
    let switches = (any::<bool>(), prop::option::of(any::<bool>()));
    let counts = prop::array::uniform4(0_usize..1_000_000);
    let rest = (folder(), folder(), switches, counts, 0_usize..10_000);
    (networks, hidden, init(), training, length, rest).prop_map(
        |(networks, hidden, init, training, (steps, seed, replicas, precision), rest)| {
            let (activation, norm, affine, norm_position) = networks;
            let ((optimizer, momentum), learning_rate, batch) = training;
            let (data, test_data, (binary, transpose), counts, probes) = rest;
            let [train_images, test_images, evaluate_every, verify_every] = counts;
            Experiment {
                activation,
                norm,
                affine,
                norm_position,
                hidden,
                init,
                optimizer,
                learning_rate,
                momentum,
                batch,
                steps,
                seed,
                replicas,
                precision,
                data,
                test_data,
                transpose,
                train_images,
                test_images,
                binary,
                evaluate_every,
                verify_every,
                probes,
            }
        },
    )
}

fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(28), failure_persistence: None, ..Default::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_written_experiment_reads_as_itself(experiment in experiments()) {
        experiment.validate().unwrap();
        prop_assert_eq!(parse(&experiment.to_toml().unwrap()), experiment);
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = Experiment::parse(&text, "mine.toml").and_then(|read| read.validate());
        let _ = text.parse::<Init>();
    }

    #[test]
    fn arbitrary_values_never_panic(
        key in prop::sample::select(KEYS.to_vec()),
        value in "-?[0-9]{1,20}(\\.[0-9]{1,3})?|nan|inf|true|\"[a-z:.0-9-]{0,9}\"|\\[[0-9, ]{0,9}\\]",
    ) {
        let text = format!("{key} = {value}");
        if let Err(error) = Experiment::parse(&text, "mine.toml").and_then(|read| read.validate()) {
            prop_assert!(error.to_string().contains(key), "{}: {}", text, error);
        }
    }
}
