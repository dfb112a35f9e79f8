//===- TokenizerJson.h - tokenizer.json of a model directory ----------------------===//
//
// Reads the file of Hugging Face's `tokenizers` into tables. Supported, and everything else is an error that
// names it:
//
//   model           BPE without dropout and affixes; byte_fallback needs all 256 byte tokens in the vocabulary
//   normalizer      none, Prepend, Replace of a string, Sequence of these
//   pre_tokenizer   none; ByteLevel, or a Sequence of Splits (a regular expression or a string, Isolated, not
//                   inverted) and then ByteLevel
//   decoder         ByteLevel; or Replace of a string, ByteFallback, Fuse, Strip from the left, in this order
//   post_processor  none, TemplateProcessing (its `single`), ByteLevel, Sequence of these
//   added tokens    all but single_word, lstrip and rstrip
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_IMPORT_TOKENIZERJSON_H
#define COOPT_IMPORT_TOKENIZERJSON_H

#include "coopt/PackageFormat/Tokenizer.h"
#include "coopt/Support/Error.h"

#include <string>
#include <string_view>

namespace coopt::import {

/// Reads PATH/tokenizer.json, or the file PATH. Errors begin with file and JSON path.
Expected<package::TokenizerTables> readTokenizerJson(const std::string &path);
/// The same from text; `name` stands for the file in messages.
Expected<package::TokenizerTables> parseTokenizerJson(std::string_view text, const std::string &name);

} // namespace coopt::import

#endif // COOPT_IMPORT_TOKENIZERJSON_H
