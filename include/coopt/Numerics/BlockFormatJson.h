//===- BlockFormatJson.h - Formats as files -------------------------------===//
//
// A format of one's own is a JSON object; what may be left out stands in brackets:
//
//   { "name": "my4", ["description": "..",]
//     "element": { "type": "integer", "bits": 4, ["signed": true,] ["exponent": 0] }
//              | { "type": "bipolar", "bits": 1, ["exponent": 0] }
//              | { "type": "float", "exponentBits": 2, "mantissaBits": 1, ["bias": 1,] ["specials": "none"] }
//              | { "type": "codebook", "bits": 2, "values": [[-1, 0, 1, 2], ..] }
//                with ["outliers": [..], "victim": 8]                          pairs, BlockFormat.h
//     "scales": [ { "type": "f16", "span": 32 | "row" | "tensor", ["rows": 1] }, .. ]   innermost first
//     ["zeros": { "bits": 4 },]
//     ["minimums": { "after": 1, ["subtracted": false,] "levels": [ as scales ] },]
//     ["encoder": { "kind": "amax", ["rounding": "nearest-even",] ["convention": "division",] ["floor": 0] }] }
//
// Types of scales: f32, f16, bf16, e8m0, e4m3, e5m2, u1..u8, i1..i8. "specials": "ieee" (infinities and NaN),
// "nan" (one NaN, as E4M3), "none". Encoders: none (also if left out), symmetric, asymmetric, min-max, two-level,
// liquid, shared-exponent, amax, two-amax, signed-amax, ternary-mean, sign-mean, pairs (BlockEncoding.h).
// Roundings: nearest-even, nearest-away, nearest-to-zero, nearest-lower, stochastic. Conventions: division,
// reciprocal, ggml. Numbers of codebooks are rounded to binary32.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_NUMERICS_BLOCKFORMATJSON_H
#define COOPT_NUMERICS_BLOCKFORMATJSON_H

#include "coopt/Numerics/BlockFormat.h"
#include "coopt/Support/Json.h"

namespace coopt::numerics {

/// Reads and validates. Errors begin with the place: "my4.json: $.scales[0].span: expected ..".
Expected<BlockFormat> readBlockFormat(const JsonValue &value);
/// The same from a text; `name` begins messages.
Expected<BlockFormat> parseBlockFormat(std::string_view text, const std::string &name);

/// JSON that reads back as the same format; in one line if `compact`.
std::string printBlockFormat(const BlockFormat &format, bool compact = false);

} // namespace coopt::numerics

#endif // COOPT_NUMERICS_BLOCKFORMATJSON_H
