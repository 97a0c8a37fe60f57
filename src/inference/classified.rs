//! What logits say: the class of each image, and how often that is right.

use super::network::Scored;
use crate::record::{ClassRecord, Classification};
use crate::tensor::Tensor;

/// The class with the largest logit, the first of several.
#[must_use]
pub fn class(logits: &[f32]) -> usize {
    (1..logits.len()).fold(0, |best, at| if logits[at] > logits[best] { at } else { best })
}

/// The probability of each class: softmax of the logits.
#[must_use]
pub fn probabilities(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<_> = logits.iter().map(|&logit| f64::from(logit - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// How a replica classifies images with these labels.
#[must_use]
pub fn classify(
    (run, replica, step): (&str, usize, Option<usize>),
    scored: &Scored,
    labels: &[u8],
    first_label: usize,
) -> Classification {
    let Tensor { shape, .. } = scored.logits;
    let classes = shape.cols;
    let mut confusion = vec![vec![0; classes]; classes];
    for (image, &label) in labels.iter().enumerate() {
        confusion[usize::from(label)][class(scored.logits.row(image))] += 1;
    }
    let share = |part: usize, all: usize| (all > 0).then(|| part as f64 / all as f64);
    let of_class = |at: usize| {
        let images: usize = confusion[at].iter().sum();
        let predicted: usize = confusion.iter().map(|row| row[at]).sum();
        let correct = confusion[at][at];
        ClassRecord {
            label: first_label + at,
            images,
            precision: share(correct, predicted),
            recall: share(correct, images),
        }
    };
    Classification {
        run: run.to_owned(),
        replica,
        step,
        images: labels.len(),
        loss: scored.loss,
        accuracy: scored.accuracy,
        classes: (0..classes).map(of_class).collect(),
        confusion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Shape;

    #[test]
    fn a_confusion_matrix_known_by_hand() {
        let logits = [[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [3.0, 3.0, 1.0], [0.0, 0.0, 1.0]].concat();
        let logits = Tensor::new(Shape::matrix(4, 3), logits);
        let scored = Scored { loss: 0.5, accuracy: 0.5, logits };
        let found = classify(("relu-none", 0, Some(7)), &scored, &[0, 1, 1, 0], 1);
        assert_eq!(found.confusion, [[1, 0, 1], [1, 1, 0], [0, 0, 0]]);
        let class =
            |label, images, precision, recall| ClassRecord { label, images, precision, recall };
        assert_eq!(
            found.classes,
            [
                class(1, 2, Some(0.5), Some(0.5)),
                class(2, 2, Some(1.0), Some(0.5)),
                class(3, 0, Some(0.0), None)
            ]
        );
    }

    #[test]
    fn probabilities_are_a_softmax_at_any_size() {
        let even = probabilities(&[1e30, 1e30]);
        assert_eq!(even, [0.5, 0.5]);
        let three = probabilities(&[0.0, 3_f32.ln(), -1e30]);
        assert!((three[1] - 0.75).abs() < 1e-7 && three[2] == 0.0, "{three:?}");
    }
}
