//! Figures computed on the host from tensors that an evaluation has read.

use crate::tensor::Tensor;

/// √(mean of squares).
pub(super) fn rms(values: &[f32]) -> f64 {
    let squares: f64 = values.iter().map(|&x| f64::from(x).powi(2)).sum();
    (squares / values.len() as f64).sqrt()
}

/// ‖now − before‖ / ‖before‖.
pub(super) fn relative_change(now: &[f32], before: &[f32]) -> f64 {
    let change: f64 =
        now.iter().zip(before).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    let norm: f64 = before.iter().map(|&b| f64::from(b).powi(2)).sum();
    (change / norm).sqrt()
}

/// The standard deviation of each column over the rows, mean over the columns.
pub(super) fn spread(outputs: &Tensor<f32>) -> f64 {
    let (rows, cols) = (outputs.shape.rows, outputs.shape.cols);
    let deviation = |col: usize| {
        let values = || (0..rows).map(|row| f64::from(outputs.at(row, col)));
        let mean = values().sum::<f64>() / rows as f64;
        (values().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64).sqrt()
    };
    (0..cols).map(deviation).sum::<f64>() / cols as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Shape;

    #[test]
    fn figures_known_by_hand() {
        assert_eq!(rms(&[3.0, -4.0, 0.0, 0.0]), 2.5);
        assert_eq!(relative_change(&[1.0, 2.0], &[1.0, 0.0]), 2.0);
        let outputs = Tensor::new(Shape::matrix(2, 2), vec![1.0, 5.0, 3.0, 5.0]);
        assert_eq!(spread(&outputs), 0.5);
    }
}
