//! Updates of all parameters in place.

use super::operands::Operands;
use super::parts::for_parts;
use crate::kernels::adam::power;
use crate::program::Dispatch;

/// [`crate::kernels::sgd`].
pub(super) fn sgd(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let [gradients, learning_rate] = operands.reads();
    let [parameters, velocity] = operands.writes();
    let (momentum, learning_rate) = (dispatch.parameter("momentum"), learning_rate[0]);
    if momentum == 0.0 {
        return for_parts([parameters], gradients, |[parameters], gradients| {
            for (parameter, &gradient) in parameters.iter_mut().zip(gradients) {
                *parameter -= learning_rate * gradient;
            }
        });
    }
    for_parts([parameters, velocity], gradients, |[parameters, velocity], gradients| {
        let updated = parameters.iter_mut().zip(velocity.iter_mut());
        for ((parameter, velocity), &gradient) in updated.zip(gradients) {
            *velocity = momentum * *velocity + gradient;
            *parameter -= learning_rate * *velocity;
        }
    });
}

/// [`crate::kernels::adam`].
pub(super) fn adam(dispatch: &Dispatch, mut operands: Operands<'_>) {
    let [gradients, learning_rate] = operands.reads();
    let [step] = operands.read_indices();
    let [parameters, first, second] = operands.writes();
    let (beta1, beta2) = (dispatch.parameter("beta1"), dispatch.parameter("beta2"));
    let (epsilon, learning_rate) = (dispatch.parameter("epsilon"), learning_rate[0]);
    let bias1 = 1.0 - power(beta1, step[0]);
    let bias2 = 1.0 - power(beta2, step[0]);
    for_parts([parameters, first, second], gradients, |[parameters, first, second], gradients| {
        let moments = first.iter_mut().zip(second.iter_mut());
        let updated = parameters.iter_mut().zip(moments);
        for ((parameter, (first, second)), &gradient) in updated.zip(gradients) {
            let m = beta1 * *first + (1.0 - beta1) * gradient;
            let v = beta2 * *second + (1.0 - beta2) * (gradient * gradient);
            *first = m;
            *second = v;
            *parameter -= learning_rate * (m / bias1 / ((v / bias2).sqrt() + epsilon));
        }
    });
}
