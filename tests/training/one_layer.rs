//! A norm in one hidden layer only.

use super::{Checked, hold, on_cpu, on_gpu, text};
use crate::support::trial::Trial;
use normlab::backend::Backend;
use normlab::config::{Experiment, Norm, NormLayers, NormPosition};
use normlab::data::Dataset;
use normlab::kernels::activation::Activation;
use normlab::model::{Model, Network};
use normlab::train::{Plan, Trainer};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_cpu("one_layer::alone_has_the_norm_s_parameters", parameters),
        on_gpu("one_layer::the_last_brings_most_of_the_gain", |backend| last_or_first(backend)),
    ]
}

/// Before the activation the norm replaces the bias; after it, the bias stays.
fn parameters() -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let hidden = vec![8, 6, 4];
    let model = |norm, norm_position| {
        let experiment =
            Experiment { hidden: hidden.clone(), norm_position, ..Experiment::default() };
        Model::new(Network::new(&experiment, (Activation::Sigmoid, norm), &data)).map_err(text)
    };
    let count = |model: &Model| model.parameters.iter().map(|one| one.shape.len()).sum::<usize>();
    let names = |model: &Model, layer| -> Vec<String> {
        let mine = model.parameters.iter().filter(|one| one.layer == layer);
        mine.filter_map(|one| Some(one.name.split_once('.')?.1.to_owned())).collect()
    };
    let plain = count(&model(Norm::NONE, NormPosition::Before)?);
    for (layers, at) in [(NormLayers::First, 0), (NormLayers::Only(2), 1), (NormLayers::Last, 2)] {
        for norm in [Norm::BATCH, Norm::group(2)].map(|norm| norm.in_layers(layers)) {
            let before = model(norm, NormPosition::Before)?;
            let after = model(norm, NormPosition::After)?;
            for layer in 0..4 {
                let expected = |normed: &[&'static str]| match layer == at {
                    true => normed.to_vec(),
                    false => vec!["weight", "bias"],
                };
                let fits = names(&before, layer) == expected(&["weight", "gamma", "beta"])
                    && names(&after, layer) == expected(&["weight", "bias", "gamma", "beta"]);
                hold(fits, || format!("{norm}: layer {}: {:?}", layer + 1, names(&after, layer)))?;
            }
            let more = [count(&before) - plain, count(&after) - plain];
            hold(more == [hidden[at], 2 * hidden[at]], || format!("{norm}: {more:?} more"))?;
            let running: Vec<_> = before.running.iter().map(|&(layer, _)| layer).collect();
            let expected = if norm.kind == Norm::BATCH.kind { vec![at] } else { vec![] };
            hold(running == expected, || format!("{norm}: running statistics of {running:?}"))?;
        }
    }
    Ok(())
}

/// Bjorck et al. 2018, "Understanding Batch Normalization": batch norm before the last layer alone brings
/// most of the gain. In the first alone it leaves deep sigmoids at a guess.
fn last_or_first(backend: &mut dyn Backend) -> Checked {
    let data = Dataset::drawn().map_err(text)?;
    let experiment =
        Experiment { hidden: vec![40; 4], learning_rate: 0.3, probes: 0, ..Experiment::default() };
    let mut accuracy = |layers| {
        let (activation, norm) = (Activation::Sigmoid, Norm::BATCH.in_layers(layers));
        let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
        let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
        trainer.run_to(500).map_err(text)?;
        Ok::<_, String>(trainer.evaluation().map_err(text)?.0[0].test_accuracy)
    };
    let (last, first) = (accuracy(NormLayers::Last)?, accuracy(NormLayers::First)?);
    hold(last > 0.6 && first < 0.2, || format!("{last} in the last layer, {first} in the first"))
}
