//! Compiles a module into [`Code`].

mod compiler;
mod expressions;
mod math;
mod others;
mod pointers;
mod statements;
mod unary;
mod values;
mod waits;

pub use compiler::Refusal;

use super::code::{Code, Op};
use compiler::{Check, Compiler, Operand};
use naga::{Function, Handle, Module};

/// The entry point `main`.
///
/// # Errors
/// What the interpreter cannot run.
pub fn entry(module: &Module) -> Check<Code> {
    twice(module, |compiler| {
        let entry = module.entry_points.iter().find(|entry| entry.name == "main");
        let entry = entry.ok_or_else(|| compiler.refused("no entry point called main"))?;
        compiler.code.workgroup_size = entry.workgroup_size;
        let arguments = compiler.starts(&entry.function)?;
        compiler.function(&entry.function, usize::MAX, arguments)?;
        compiler.op(Op::End)
    })
}

/// A single function, with its arguments and its result in registers.
///
/// # Errors
/// As [`entry`].
pub fn function(module: &Module, handle: Handle<Function>) -> Check<Code> {
    twice(module, |compiler| {
        compiler.alone = true;
        let function = &module.functions[handle];
        let mut arguments = Vec::new();
        for argument in &function.arguments {
            let registers = compiler.permanent(argument.ty)?;
            compiler.code.arguments.extend(&registers);
            arguments.push(Operand::Value(registers.into()));
        }
        compiler.code.workgroup_size = [1, 1, 1];
        compiler.code.results = compiler.function(function, handle.index(), arguments)?;
        compiler.op(Op::End)
    })
}

/// Compiles once to collect the constants, and again with registers for them.
fn twice<'m>(module: &'m Module, compile: impl Fn(&mut Compiler<'m>) -> Check<()>) -> Check<Code> {
    let mut constants = Vec::new();
    loop {
        let known = constants.len();
        let mut compiler = Compiler::new(module, constants)?;
        compile(&mut compiler)?;
        if compiler.code.constants.len() == known {
            compiler.code.registers = compiler.most;
            return Ok(compiler.code);
        }
        constants = compiler.code.constants;
    }
}
