//! Functions of one number, written in WGSL and evaluated on the CPU, which put a user-supplied activation
//! on a par with a shipped one. Its two functions are parsed by naga and compiled for the interpreter, and
//! the twins call them in f32 and in f64, so that every comparison with a reference still works.
//!
//! What only a shader has, such as memory that invocations share, is refused by name when the file is read.

use super::header::Requirements;
use super::wgsl::validated;
use crate::error::{Error, Result};
use crate::interpreter::Code;
use crate::interpreter::call::{MOST, call, first_nan, unended};
use crate::interpreter::compile;
use crate::tensor::Real;
use naga::{Function, Handle, Module, Type, TypeInner};

/// Inputs on which both functions must finish when a file is read: every quarter from −8 to 8, and a few
/// others.
fn tried() -> impl Iterator<Item = f32> {
    (-32..=32_i16).map(|quarters| f32::from(quarters) / 4.0).chain([-50.0, -1e-3, 1e-3, 50.0])
}

/// The two functions of an activation's file.
#[derive(Debug)]
pub struct Formula {
    activate: Code,
    activation_gradient: Code,
}

impl Formula {
    /// Reads the text of a file that defines `activate` and `activation_gradient`, both from f32 to f32.
    /// `place` is what messages call the file.
    ///
    /// # Errors
    /// [`Error::Shader`] with the line that naga objects to, the function that is missing, or what
    /// cannot be evaluated on the CPU.
    pub fn read(text: &str, place: &str) -> Result<Self> {
        let (module, _) = validated(text, place, &Requirements::default())?;
        let named = |reason| Error::Shader(format!("{place}: {reason}"));
        let functions = ["activate", "activation_gradient"];
        let [activate, gradient] = functions.map(|name| function(&module, name));
        let (activate, gradient) = (activate.map_err(named)?, gradient.map_err(named)?);
        check_supported(&module).map_err(named)?;
        let code = |handle| {
            compile::function(&module, handle).map_err(|refusal| {
                let offset = refusal.offset.unwrap_or_default() as usize;
                let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
                Error::Shader(format!(
                    "{place}:{line}: it uses {}, which cannot be evaluated on the CPU: {FOLLOWED}",
                    refusal.what
                ))
            })
        };
        let codes = [code(activate)?, code(gradient)?];
        for (code, name) in codes.iter().zip(functions) {
            if let Some((x, offset)) = tried().find_map(|x| Some((x, unended(code, x)?))) {
                let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
                return Err(Error::Shader(format!(
                    "{place}:{line}: {name}({x}) does not finish within {MOST} operations: a loop here \
                     never ends for this x; check its exit condition"
                )));
            }
        }
        let [activate, activation_gradient] = codes;
        Ok(Self { activate, activation_gradient })
    }

    /// `activate(x)`.
    pub fn activate<T: Real>(&self, x: T) -> T {
        call(&self.activate, x).unwrap_or_else(T::nan)
    }

    /// `activation_gradient(x)`.
    pub fn activation_gradient<T: Real>(&self, x: T) -> T {
        call(&self.activation_gradient, x).unwrap_or_else(T::nan)
    }

    /// Describes the first step of `activate` or `activation_gradient` at `x` that turns numbers into NaN;
    /// none where the result is a number.
    #[must_use]
    pub fn undefined(&self, function: &str, x: f32) -> Option<String> {
        let code = match function {
            "activate" => &self.activate,
            _ => &self.activation_gradient,
        };
        match call(code, x) {
            Some(y) if !y.is_nan() => None,
            Some(_) => first_nan(code, x),
            // It was cut short in a loop, which a NaN may have kept from ending.
            None => Some(first_nan(code, x).unwrap_or_else(|| "a loop does not end".to_owned())),
        }
    }
}

/// What a formula may be made of.
const FOLLOWED: &str = "use only 32-bit numbers, vectors, arrays, conditions, loops and WGSL's numeric \
    functions";

type Check<T> = std::result::Result<T, String>;

/// The function of this name from f32 to f32.
fn function(module: &Module, name: &str) -> Check<Handle<Function>> {
    let named = module.functions.iter().find(|(_, one)| one.name.as_deref() == Some(name));
    let is_f32 = |ty: Handle<Type>| module.types[ty].inner == TypeInner::Scalar(naga::Scalar::F32);
    let fits = |one: &Function| {
        let result = one.result.as_ref();
        one.arguments.len() == 1
            && is_f32(one.arguments[0].ty)
            && result.is_some_and(|result| is_f32(result.ty))
    };
    named.filter(|(_, one)| fits(one)).map(|(handle, _)| handle).ok_or_else(|| {
        format!(
            "it has no function `fn {name}(x: f32) -> f32`; an activation's file defines `activate` \
             and its derivative `activation_gradient`"
        )
    })
}

/// Checks that the module has only functions and constants.
fn check_supported(module: &Module) -> Check<()> {
    if let Some((_, variable)) = module.global_variables.iter().next() {
        let name = variable.name.as_deref().unwrap_or("a variable");
        return Err(format!(
            "{name} is declared outside the functions; an activation may depend only on x and on \
             constants"
        ));
    }
    if let Some((_, constant)) = module.overrides.iter().next() {
        let name = constant.name.as_deref().unwrap_or("a constant");
        return Err(format!(
            "{name} is an override constant, and nothing can set those of an activation; write `const \
             {name}`"
        ));
    }
    if let Some(entry) = module.entry_points.first() {
        return Err(format!(
            "{} is an entry point; an activation's file may hold only functions for kernels to call",
            entry.name
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula(body: &str) -> Formula {
        let text = format!("{body}\nfn activation_gradient(x: f32) -> f32 {{ return 1.0; }}");
        Formula::read(&text, "mine.wgsl").unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(text: &str) -> String {
        Formula::read(text, "mine.wgsl").map_or_else(|error| error.to_string(), |_| String::new())
    }

    /// `activate` is the body, the gradient is 1.
    fn activate(body: &str, x: f64) -> f64 {
        formula(&format!("fn activate(x: f32) -> f32 {{ {body} }}")).activate(x)
    }

    #[test]
    fn arithmetic_conditions_and_variables() {
        assert_eq!(activate("return x * x - 3.0 / x;", 2.0), 2.5);
        assert_eq!(activate("if (x < 0.0) { return 0.0; } return x;", -2.0), 0.0);
        assert_eq!(activate("var y = x; let before = y; y = 7.0; return before + y;", 1.0), 8.0);
        assert_eq!(activate("return select(1.0, 2.0, x > 0.0 && x < 1.0);", 0.5), 2.0);
        assert_eq!(activate("return -x % 2.0;", 5.5), -1.5);
        assert_eq!(activate("return f32(i32(x)) + f32(u32(x) >> 1u);", 5.9), 7.0);
    }

    #[test]
    fn loops_switches_and_functions_of_the_file() {
        let sum = "var s = 0.0; for (var i = 1; i <= 4; i++) { if (i == 3) { continue; } \
                   s += f32(i); } return s * x;";
        assert_eq!(activate(sum, 2.0), 14.0);
        let until = "var y = abs(x) + 1.0; loop { y *= 2.0; if (y > 100.0) { break; } } return y;";
        assert_eq!(activate(until, 3.0), 128.0);
        let switch = "switch (i32(x)) { case 1, 2: { return 10.0; } default: { return 20.0; } }";
        assert_eq!((activate(switch, 2.0), activate(switch, 3.0)), (10.0, 20.0));
        let text = "const K = 3.0; fn cube(x: f32) -> f32 { return x * x * x; } \
                    fn activate(x: f32) -> f32 { return K * cube(x) + cube(1.0); }";
        assert_eq!(formula(text).activate(2.0_f64), 25.0);
    }

    #[test]
    fn mathematical_functions_are_those_of_wgsl() {
        let cases: [(&str, f64, f64); 12] = [
            ("abs(x) + max(x, 1.0) + min(x, 1.0) + clamp(x, -1.0, 1.0)", -3.0, 0.0),
            ("round(x)", 2.5, 2.0),
            ("round(x)", 3.5, 4.0),
            ("fract(x)", -1.25, 0.75),
            ("sign(x)", 0.0, 0.0),
            ("sign(x)", -4.0, -1.0),
            ("sqrt(x) + inverseSqrt(x)", 4.0, 2.5),
            ("pow(x, 3.0) + exp2(x) + log2(x)", 2.0, 13.0),
            ("mix(1.0, 3.0, x) + step(0.5, x) + smoothstep(0.0, 1.0, x)", 0.5, 3.5),
            ("saturate(x) + trunc(x) + floor(x) + ceil(x)", 1.5, 5.0),
            ("fma(x, 2.0, 1.0)", 3.0, 7.0),
            ("degrees(radians(x))", 90.0, 90.0),
        ];
        for (expression, x, expected) in cases {
            let found = activate(&format!("return {expression};"), x);
            assert!((found - expected).abs() < 1e-6, "{expression} at {x}: {found}");
        }
        let found = activate("return exp(x) + log(x) + sin(x) + tanh(x) + atan2(x, 2.0);", 1.0);
        let one = 1.0_f64;
        let expected = one.exp() + one.sin() + one.tanh() + one.atan2(2.0);
        assert!((found - expected).abs() < 1e-15);
    }

    #[test]
    fn vectors_arrays_structs_and_pointers() {
        let dot =
            "let v = vec3(x, 2.0, 1.0); return dot(v, v.zyx) + length(v.yy * vec2(0.0, 1.5));";
        assert_eq!(activate(dot, 3.0), 3.0 + 4.0 + 3.0 + 3.0);
        let table = "var t = array(1.0, 2.0, 4.0); t[i32(x)] += 8.0; return t[1] + t[u32(x) - 1u];";
        assert_eq!(activate(table, 1.0), 11.0);
        let matrix = "return (mat2x2(1.0, 2.0, 3.0, x) * vec2(1.0, 10.0)).y;";
        assert_eq!(activate(matrix, 4.0), 42.0);
        let text = "struct Pair { a: f32, b: f32 } \
                    fn swap(p: ptr<function, Pair>) { *p = Pair((*p).b, (*p).a); } \
                    fn activate(x: f32) -> f32 { var p = Pair(x, 1.0); swap(&p); return p.a - p.b; }";
        assert_eq!(formula(text).activate(4.0_f64), -3.0);
        assert_eq!(activate("return frexp(x).fract + ldexp(1.0, 3);", 6.0), 8.75);
        assert_eq!(activate("return f32(bitcast<u32>(x) >> 23u);", 1.0), 127.0);
    }

    /// The reference uses the same constants as the shader: rounded to f32.
    #[test]
    fn numbers_are_those_of_f32() {
        assert_eq!(activate("return 0.1 * x;", 1.0), f64::from(0.1_f32));
    }

    /// WGSL defines `pow` as exp2(y log2(x)), and leaves it undefined where that is not a number.
    #[test]
    fn a_power_of_a_negative_base_is_no_number() {
        let power = |y: &str, x: f64| activate(&format!("return pow(x, {y});"), x);
        assert!(power("3.0", -2.0).is_nan() && power("2.0", -1e-3).is_nan());
        assert!(power("0.0", 0.0).is_nan() && power("-1.0", 0.0).is_nan());
        assert_eq!((power("3.0", 2.0), power("0.0", 5.0), power("2.0", 0.0)), (8.0, 1.0, 0.0));
        assert!(f64::is_nan(power("3.0", f64::NAN)));
        let mine = formula("fn activate(x: f32) -> f32 { return 0.5 * x + pow(x, 3.0); }");
        assert!(mine.activate(-2.0_f32).is_nan() && mine.activate(-2.0_f64).is_nan());
    }

    /// The first step that makes a NaN is named, not those that only pass it on.
    #[test]
    fn what_makes_no_number_is_named() {
        let said = |body: &str, x: f32| {
            let text = format!("fn activate(x: f32) -> f32 {{ {body} }}");
            formula(&text).undefined("activate", x)
        };
        let pow = said("return tanh(2.0 * pow(x, 3.0)) + sqrt(x);", -8.0);
        assert!(pow.is_some_and(|said| said.starts_with("pow(-8, 3) is NaN, because WGSL leaves")));
        let starts = |said: Option<String>, with: &str| {
            assert!(said.as_ref().is_some_and(|said| said.starts_with(with)), "{said:?}");
        };
        starts(said("return 1.0 + log(x);", -0.5), "log(-0.5) is NaN");
        starts(said("let y = x * 0.0; return y / y;", 1.0), "0 / 0 is NaN");
        starts(said("return x - sqrt(x - 1.0);", 0.0), "sqrt(-1) is NaN");
        starts(said("loop { if (x != 0.7) { break; } } return x;", 0.7), "a loop does not end");
        assert_eq!(said("return pow(x, 3.0);", 2.0), None);
        let text = "fn cube(x: f32) -> f32 { return pow(x, 3.0); } \
                    fn activate(x: f32) -> f32 { return x + cube(x); }";
        starts(formula(text).undefined("activate", -1.5), "pow(-1.5, 3) is NaN");
        assert_eq!(formula(text).undefined("activation_gradient", -1.5), None);
    }

    #[test]
    fn a_loop_without_an_end_is_refused_with_its_line() {
        let gradient = "fn activation_gradient(x: f32) -> f32 { return 1.0; }";
        let body = "fn activate(x: f32) -> f32 {\n  var y = x;\n  loop { y *= 0.5; if (y == 1e-30) { break; } }\n  return y;\n}";
        let said = refused(&format!("{body}\n{gradient}"));
        assert!(
            said.starts_with("mine.wgsl:3: activate(-8) does not finish within 400000"),
            "{said}"
        );
        // A loop that is found only later gives NaN.
        let rare = formula("fn activate(x: f32) -> f32 { while (x == 0.7) { } return x; }");
        assert!(rare.activate(0.7_f32).is_nan() && rare.activate(0.8_f32) == 0.8);
    }

    #[test]
    fn what_is_no_activation_is_refused() {
        let gradient = "fn activation_gradient(x: f32) -> f32 { return 1.0; }";
        let both = |body: &str| refused(&format!("{body}\n{gradient}"));
        assert!(refused(gradient).contains("mine.wgsl: it has no function `fn activate(x: f32)"));
        assert!(both("fn activate(x: u32) -> f32 { return 1.0; }").contains("`fn activate(x"));
        assert!(both("fn activate(x: f32) -> f32 { return x }").contains("mine.wgsl:1:"));
        let barrier = both("fn activate(x: f32) -> f32 { workgroupBarrier(); return x; }");
        assert!(barrier.contains("mine.wgsl:1: it uses barriers"), "{barrier}");
        let global = both("var<private> a: f32; fn activate(x: f32) -> f32 { return a; }");
        assert!(global.contains("a is declared outside the functions"), "{global}");
        let constant = both("override K: f32 = 2.0; fn activate(x: f32) -> f32 { return K * x; }");
        assert!(constant.contains("K is an override constant") && constant.contains("`const K`"));
        let entry = both(
            "fn activate(x: f32) -> f32 { return x; } @compute @workgroup_size(1) fn main() {}",
        );
        assert!(entry.contains("main is an entry point"), "{entry}");
    }
}
