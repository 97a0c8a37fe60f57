//! Reads what an adapter can do, and how a device is opened so that shaders may use cooperative matrices.

use super::software;
use crate::kernels::capabilities::AdapterCapabilities;
use crate::kernels::cooperative::Cooperative;
use crate::kernels::precision::Precision;
use wgpu::CooperativeScalarType::{F16, F32};

/// The device features that a shader with cooperative matrices needs.
const FEATURES: wgpu::Features = wgpu::Features::SUBGROUP
    .union(wgpu::Features::SHADER_F16)
    .union(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX);

/// What an adapter can do.
pub(super) fn of(adapter: &wgpu::Adapter) -> AdapterCapabilities {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    AdapterCapabilities {
        hardware: !software::is_software(&info),
        cheap_barriers: software::has_cheap_barriers(&info),
        subgroups: adapter.features().contains(wgpu::Features::SUBGROUP),
        subgroup_size: (info.subgroup_min_size, info.subgroup_max_size),
        invocations: limits.max_compute_invocations_per_workgroup,
        workgroup_size: [
            limits.max_compute_workgroup_size_x,
            limits.max_compute_workgroup_size_y,
            limits.max_compute_workgroup_size_z,
        ],
        workgroup_memory: limits.max_compute_workgroup_storage_size,
        cooperative: cooperative(adapter),
    }
}

fn cooperative(adapter: &wgpu::Adapter) -> Cooperative {
    let usable = adapter.features().contains(FEATURES);
    let all = adapter.cooperative_matrix_properties();
    let has = |side: u32| {
        usable
            && all.iter().any(|one| {
                [one.m_size, one.n_size, one.k_size] == [side; 3]
                    && (one.ab_type, one.cr_type) == (F16, F32)
            })
    };
    Cooperative::of(has, adapter.get_info().subgroup_max_size)
}

/// The additional features that a device of this precision is opened with.
pub(super) fn features(precision: Precision) -> wgpu::Features {
    match precision {
        Precision::F32 => wgpu::Features::empty(),
        Precision::Mixed => FEATURES,
    }
}

/// The experimental features of wgpu that a device of this precision is opened with.
pub(super) fn experimental(precision: Precision) -> wgpu::ExperimentalFeatures {
    match precision {
        Precision::F32 => wgpu::ExperimentalFeatures::disabled(),
        // SAFETY: cooperative matrices are the only experimental feature requested (`FEATURES`). wgpu
        // guarantees less for it than for others: only the first element of a load is checked against
        // the bounds. The loader lets only shaders that name it in their header use it, and the shipped
        // ones load only from workgroup memory of fixed size.
        #[allow(unsafe_code, reason = "wgpu lets experimental features be used in no other way")]
        Precision::Mixed => unsafe { wgpu::ExperimentalFeatures::enabled() },
    }
}
