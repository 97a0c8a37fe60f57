//! Which setting of a kernel a dispatch gets: the user's, that of its target, or the kernel's default; and
//! where the adapter's choice has too many workgroups for its sizes, a variant that has not.

use super::GpuBackend;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::contract::{Contract, Sizes};
use crate::kernels::setting::{Setting, Target};
use crate::kernels::shader::MAX_WORKGROUPS;
use crate::program::Dispatch;

/// What a kernel runs with at some sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The setting.
    pub setting: Setting,
    /// Why it is not the kernel's default, in words; none where it is.
    pub instead: Option<String>,
}

impl GpuBackend {
    /// The variant of a kernel that programs get: the one that was chosen, or the [usual](super::Offers::usual)
    /// one.
    ///
    /// # Errors
    /// As [`super::Offers::usual`]; [`Error::Config`] when the adapter cannot run the chosen one.
    pub fn variant(&self, contract: &'static Contract) -> Result<String> {
        if let Some(known) = self.variants.borrow().get(contract.name) {
            return Ok(known.clone());
        }
        let found = match self.library.chosen(contract) {
            Some(chosen) => {
                let shader = self.library.shader(contract, &chosen, Activation::default())?;
                self.offers.allow(shader).map(|_| chosen)
            }
            None => self.offers.usual(&self.library, contract),
        }?;
        self.variants.borrow_mut().insert(contract.name, found.clone());
        Ok(found)
    }

    /// The setting that a kernel's dispatches get where no other is given to them and it fits their sizes.
    ///
    /// # Errors
    /// As [`GpuBackend::variant`].
    pub fn default_setting(&self, contract: &'static Contract) -> Result<Setting> {
        self.library.setting(contract, &self.variant(contract)?)
    }

    /// What a kernel runs with at these sizes: its default, or where that has too many workgroups, the
    /// best variant that has not.
    ///
    /// # Errors
    /// [`Error::Shape`] when the default is the user's choice and does not fit, with a variant that does;
    /// or when none does. As [`GpuBackend::variant`].
    pub fn choice(&self, contract: &'static Contract, sizes: &Sizes) -> Result<Choice> {
        let setting = self.default_setting(contract)?;
        let Some(misfit) = self.misfit(contract, &setting, sizes)? else {
            return Ok(Choice { setting, instead: None });
        };
        let name = contract.name;
        let Ok(fitting) = self.offers.usual_at(&self.library, contract, Some(sizes)) else {
            return Err(Error::Shape(format!(
                "{misfit}, and no other variant of {name} that this adapter can run does with fewer: use \
                 smaller layers or a smaller batch"
            )));
        };
        if self.library.chosen(contract).is_some() {
            return Err(Error::Shape(format!(
                "{misfit}: choose {fitting}, which fits (--variant {name}={fitting}), or use smaller \
                 layers or a smaller batch"
            )));
        }
        let setting = self.library.setting(contract, &fitting)?;
        Ok(Choice { setting, instead: Some(misfit) })
    }

    /// Why a setting of a kernel cannot run at these sizes, or nothing if it can.
    ///
    /// # Errors
    /// As [`crate::kernels::library::Library::set_shader`].
    pub fn misfit(
        &self,
        contract: &'static Contract,
        setting: &Setting,
        sizes: &Sizes,
    ) -> Result<Option<String>> {
        // With so few items no shader has too many workgroups, whatever each covers: none need be read.
        let few = |items: usize| items <= MAX_WORKGROUPS as usize;
        if few(sizes.replicas) && contract.grid.iter().all(|axis| few(axis.workgroups(sizes, 1))) {
            return Ok(None);
        }
        let shader = self.library.set_shader(contract, setting, Activation::default())?;
        Ok(shader.misfit(sizes))
    }

    /// The setting that a dispatch gets: the user's, or that of its target, or what its kernel runs with at
    /// its sizes.
    pub(super) fn setting(&self, dispatch: &Dispatch) -> Result<Setting> {
        let Dispatch { contract, activation, sizes, .. } = dispatch;
        if !self.settings.is_empty() && !self.library.is_own(contract) {
            let target = Target::of(contract, *activation, sizes);
            // Found for another size of the class, it may be too small for this one.
            if let Some(setting) = self.settings.get(&target)
                && self.misfit(contract, setting, sizes)?.is_none()
            {
                return Ok(setting.clone());
            }
        }
        self.choice(contract, sizes).map(|choice| choice.setting)
    }
}
