//! Small random WGSL programs from a seed: variants of `histogram` that compute arbitrary values, each
//! invocation one word of `counts`.
//!
//! They use only what WGSL defines to the bit, and numbers whose sums, products and quotients a driver
//! rounds once, so every implementation must give the same words. They avoid two things that turned out on
//! llvmpipe to be undefined: the sign of a 0, which 19 of 300 programs exposed by `bitcast`, and the order of sums
//! with constants, which Mesa adds up first: 2 of 300.

use normlab::rng::{Purpose, Stream};
use std::fmt::Write;

/// Invocations of a program's workgroup, and words that it writes.
pub(crate) const INVOCATIONS: u32 = 64;

/// What stands before the body.
const HEAD: &str = "struct Params {
    rows: u32,
    cols: u32,
    slots: u32,
    per_unit: f32,
    first: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

struct Pair {
    whole: u32,
    parts: vec3<i32>,
}

const TABLE = array(3u, 1u, 4u, 1u, 5u, 9u, 2u, 6u);

var<private> total: u32 = 7u;
var<workgroup> shared_words: array<u32, 64>;
var<workgroup> tally: array<atomic<u32>, 4>;

fn mixed(a: u32, b: i32) -> u32 {
    if (b < 0) {
        return a ^ u32(b);
    }
    total += a >> 3u;
    return a * 2654435761u + u32(b);
}

fn change(pair: ptr<function, Pair>, by: u32) {
    (*pair).whole ^= by << ((*pair).whole & 7u);
    (*pair).parts[by % 3u] -= i32(by >> 5u);
}

// Near 1, and of few bits; never -0, whose sign an implementation may ignore.
fn near(f: f32) -> f32 {
    let n = select(1.5, clamp(f, -512.0, 512.0), abs(f) < 1e6);
    return select(n, 0.0, n == 0.0);
}

";

/// A program under way.
struct Program {
    stream: Stream,
    text: String,
    depth: usize,
    names: usize,
}

/// The program with this seed.
pub(crate) fn program(seed: u64) -> String {
    let stream = Stream::new(seed, Purpose::Checks, 17);
    let mut program = Program { stream, text: HEAD.to_owned(), depth: 1, names: 0 };
    program.text.push_str(
        "@compute @workgroup_size(64)\nfn main(@builtin(local_invocation_index) index: u32) {\n",
    );
    for line in [
        "var u = index * 40503u + 12345u;",
        "var i = i32(index) * 7919 - 200000;",
        "var f = near(x[index % (params.rows * params.cols)] * 16.0);",
        "var v = vec4(index, u, 3u, u >> 7u);",
        "var w = vec3(f, f32(index & 7u), -f32(u & 3u));",
        "var words: array<u32, 8>;",
        "var pair = Pair(u, vec3(i, 5, -9));",
        "shared_words[index] = u;",
        "workgroupBarrier();",
    ] {
        program.line(line);
    }
    for _ in 0..3 {
        program.statements(3);
        program.meeting();
    }
    program.line("let bits = bitcast<u32>(near(f)) ^ bitcast<u32>(near(w.x + w.z)) ^ bitcast<u32>(near(w.y));");
    program.line("let folded = words[0] ^ words[3] ^ words[7] ^ pair.whole ^ u32(pair.parts.x + pair.parts.z);");
    program.line("counts[index] = u ^ u32(i) ^ bits ^ folded ^ total ^ v.x ^ v.y ^ v.z ^ v.w;");
    program.text.push_str("}\n");
    program.text
}

impl Program {
    fn below(&mut self, bound: u32) -> u32 {
        self.stream.below(bound)
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "    ".repeat(self.depth));
    }

    /// What all invocations do together.
    fn meeting(&mut self) {
        let by = 1 + self.below(63);
        self.line("workgroupBarrier();");
        match self.below(3) {
            0 => {
                self.line("shared_words[index] = u;");
                self.line("workgroupBarrier();");
                self.line(&format!("u ^= shared_words[(index + {by}u) % 64u];"));
            }
            1 => {
                self.line("atomicAdd(&tally[u & 3u], index);");
                self.line("workgroupBarrier();");
                self.line("v.y += atomicLoad(&tally[index & 3u]);");
            }
            _ => {
                self.line("shared_words[index] = v.x + v.z;");
                self.line(&format!("v.w ^= workgroupUniformLoad(&shared_words[{by}]);"));
            }
        }
    }

    fn statements(&mut self, most: u32) {
        for _ in 0..1 + self.below(most) {
            self.statement();
        }
    }

    fn block(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
        self.statements(3);
        self.depth -= 1;
        self.line("}");
    }

    fn statement(&mut self) {
        let choice = if self.depth > 3 { self.below(9) } else { self.below(14) };
        match choice {
            0 | 1 => {
                let (operator, value) = (self.assignment(), self.unsigned(3));
                self.line(&format!("u {operator} {value};"));
            }
            2 => {
                let value = self.signed(3);
                self.line(&format!("i = {value};"));
            }
            3 | 4 => {
                let value = self.real(3);
                self.line(&format!("f = near({value});"));
            }
            5 => {
                let (at, value) = (self.unsigned(1), self.unsigned(2));
                self.line(&format!("words[({at}) & 7u] = {value};"));
            }
            6 => {
                let value = self.unsigned(2);
                let component = ["v.x", "v.y", "v.zw", "v.yx"][self.below(4) as usize];
                let vector = component.len() == 4;
                self.line(&match vector {
                    true => format!("v = v.wzxy * vec4({value});"),
                    false => format!("{component} = {value};"),
                });
            }
            7 => {
                let value = self.real(2);
                let line = [
                    format!("w = w.yzx + vec3(near({value}));"),
                    format!("w[u % 3u] = near({value});"),
                    format!("w = clamp(w * near({value}), vec3(-64.0), vec3(64.0));"),
                ];
                let line = line[self.below(3) as usize].clone();
                self.line(&line);
            }
            8 => {
                let value = self.unsigned(2);
                self.line(&format!("change(&pair, {value});"));
            }
            9 | 10 => {
                let condition = self.truth(2);
                self.block(&format!("if ({condition})"));
                if self.below(2) == 0 {
                    self.block("else");
                }
            }
            11 | 12 => {
                self.names += 1;
                let (name, rounds) = (format!("n{}", self.names), 1 + self.below(6));
                let head = format!("for (var {name} = 0u; {name} < {rounds}u; {name}++)");
                self.line(&format!("{head} {{"));
                self.depth += 1;
                self.line(&format!("u += {name};"));
                self.statements(2);
                if self.below(2) == 0 {
                    let (condition, word) =
                        (self.truth(1), ["break", "continue"][self.below(2) as usize]);
                    self.line(&format!("if ({condition}) {{ {word}; }}"));
                    self.statements(2);
                }
                self.depth -= 1;
                self.line("}");
            }
            _ => {
                let selector = self.unsigned(1);
                self.line(&format!("switch (({selector}) % 5u) {{"));
                self.depth += 1;
                self.block("case 0u, 3u:");
                self.block("case 1u:");
                self.block("default:");
                self.depth -= 1;
                self.line("}");
            }
        }
    }

    fn assignment(&mut self) -> &'static str {
        ["=", "+=", "^=", "-=", "*="][self.below(5) as usize]
    }

    fn unsigned(&mut self, depth: u32) -> String {
        if depth == 0 {
            let number = format!("(index + {}u)", self.below(1000));
            let leaves = ["u", "v.x", "v.w", "words[5]", "index", "pair.whole", &number];
            return leaves[self.below(7) as usize].to_owned();
        }
        let (a, b) = (self.unsigned(depth - 1), self.unsigned(depth - 1));
        let c = self.below(31);
        match self.below(24) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("({a} * {b})"),
            3 => format!("({a} / max({b}, 1u))"),
            4 => format!("({a} % max({b}, 1u))"),
            5 => format!("({a} & {b})"),
            6 => format!("({a} | {b})"),
            7 => format!("({a} ^ {b})"),
            8 => format!("({a} << ({b} & 31u))"),
            9 => format!("({a} >> {c}u)"),
            10 => format!("min({a}, {b})"),
            11 => format!("max({a}, {b})"),
            12 => format!("countOneBits({a})"),
            13 => format!("reverseBits({a})"),
            14 => format!("firstLeadingBit({a})"),
            15 => format!("extractBits({a}, {}u, 9u)", c % 24),
            16 => format!("insertBits({a}, {b}, {}u, 7u)", c % 26),
            17 => format!("TABLE[({a}) & 7u]"),
            18 => format!("words[({a}) % 8u]"),
            19 => {
                let i = self.signed(depth - 1);
                format!("mixed({a}, {i})")
            }
            20 => {
                let f = self.real(depth - 1);
                format!("u32(abs(near({f})))")
            }
            21 => {
                let truth = self.truth(depth - 1);
                format!("select({a}, {b}, {truth})")
            }
            22 => format!("dot(v.xyz, vec3({a}, 2u, {b}))"),
            _ => format!("(countLeadingZeros({a}) + firstTrailingBit({b}) + ~{a})"),
        }
    }

    fn signed(&mut self, depth: u32) -> String {
        if depth == 0 {
            let number = self.below(100);
            return match self.below(4) {
                0 => format!("(i32(index) - {number})"),
                1 => "pair.parts.y".to_owned(),
                2 => "i32(v.z)".to_owned(),
                _ => "i".to_owned(),
            };
        }
        let (a, b) = (self.signed(depth - 1), self.signed(depth - 1));
        let c = self.below(31);
        match self.below(14) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("({a} * {b})"),
            3 => format!("({a} / (abs({b} % 1000) + 1))"),
            4 => format!("({a} % (abs({b} % 77) + 1))"),
            5 => format!("({a} >> {c}u)"),
            6 => format!("({a} << {c}u)"),
            7 => format!("clamp({a}, -5000, 70000)"),
            8 => format!("(-{a} ^ {b})"),
            9 => format!("max(min({a}, {b}), sign({a}))"),
            10 => {
                let f = self.real(depth - 1);
                format!("i32(near({f}))")
            }
            11 => {
                let truth = self.truth(depth - 1);
                format!("select({a}, {b}, {truth})")
            }
            12 => format!("extractBits({a}, {}u, 5u)", c % 28),
            _ => format!("firstLeadingBit({a} | {b})"),
        }
    }

    /// Sums and products of few bits, never chained, which a driver might contract.
    fn real(&mut self, depth: u32) -> String {
        if depth == 0 {
            let number = self.below(64);
            return match self.below(5) {
                0 => format!("f32(index + {number}u)"),
                1 => "w.y".to_owned(),
                2 => "w.x".to_owned(),
                3 => "f32(i >> 9u)".to_owned(),
                _ => "f".to_owned(),
            };
        }
        let (a, b) = (self.real(depth - 1), self.real(depth - 1));
        match self.below(13) {
            0 => format!("near({a} + {b})"),
            1 => format!("near({a} - {b})"),
            2 => format!("near(floor(near({a}) * 4.0))"),
            3 => format!("min({a}, {b})"),
            4 => format!("max({a}, {b})"),
            5 => format!("abs({a})"),
            6 => format!("floor({a})"),
            7 => format!("ceil({a})"),
            8 => format!("trunc({a})"),
            9 => format!("sign({a})"),
            10 => {
                let truth = self.truth(depth - 1);
                format!("select({a}, {b}, {truth})")
            }
            11 => format!("step({a}, {b})"),
            _ => format!("round({a})"),
        }
    }

    fn truth(&mut self, depth: u32) -> String {
        match self.below(7) {
            0 => {
                let (a, b) = (self.real(1), self.real(1));
                format!("({a} < {b})")
            }
            1 => {
                let (a, b) = (self.signed(1), self.signed(1));
                format!("({a} >= {b})")
            }
            2 if depth > 0 => {
                let (a, b) = (self.truth(depth - 1), self.truth(depth - 1));
                format!("({a} && {b})")
            }
            3 if depth > 0 => {
                let (a, b) = (self.truth(depth - 1), self.truth(depth - 1));
                format!("({a} || !{b})")
            }
            4 => "any(v.xy == vec2(3u, u))".to_owned(),
            5 => "all(w < vec3(2.0))".to_owned(),
            _ => {
                let (a, b) = (self.unsigned(1), self.unsigned(1));
                format!("({a} > {b})")
            }
        }
    }
}
