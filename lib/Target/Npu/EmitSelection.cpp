//===- EmitSelection.cpp - Choices, and the rows that they name ----------------===//
#include "Emitter.h"

using namespace mlir;
using namespace coopt;
using namespace coopt::target;

LogicalResult Emitter::emitGather(npu::GatherOp op) {
  FailureOr<View> table = viewOf(op, op.getTable()), indices = viewOf(op, op.getIndices()),
                  to = viewOf(op, op.getTarget());
  if (failed(table) || failed(indices) || failed(to)) {
    return failure();
  }
  // The most rows that the table may have; a row that a run has not is a fault there.
  const Number rows = table->extents[0];
  if (rows.range.most < 0 || rows.range.most > UINT32_MAX) {
    return op.emitOpError("has a table of rows without a bound");
  }
  npu::Entry gather = instruction(op, "dma.gather");
  setAddress(gather, "to", *to);
  setAddress(gather, "from", *table);
  setAddress(gather, "indices", *indices);
  if (failed(setExtent(op, gather, "count", indices->extents[1]))) {
    return failure();
  }
  gather["bytes"].value = to->extents[1].value * to->elementBytes;
  gather["from1"].value = table->strides[0];
  gather["rows"].value = rows.range.most;
  issue(op, std::move(gather));
  for (const View &view : {*table, *indices, *to}) {
    doneWith(view);
  }
  return success();
}

LogicalResult Emitter::emitSelect(npu::SelectOp op) {
  FailureOr<View> scores = viewOf(op, op.getScores()), values = viewOf(op, op.getValues()),
                  indices = viewOf(op, op.getIndices());
  if (failed(scores) || failed(values) || failed(indices)) {
    return failure();
  }
  npu::Entry select = instruction(op, "topk.select");
  setAddress(select, "scores", *scores);
  setAddress(select, "values", *values);
  setAddress(select, "indices", *indices);
  if (failed(setExtent(op, select, "rows", scores->extents[0]))) {
    return failure();
  }
  select["columns"].value = scores->extents[1].value;
  select["k"].value = values->extents[1].value;
  issue(op, std::move(select));
  for (const View &view : {*scores, *values, *indices}) {
    doneWith(view);
  }
  return success();
}

LogicalResult Emitter::emitRoute(npu::RouteOp op) {
  FailureOr<View> choices = viewOf(op, op.getChoices()), places = viewOf(op, op.getPlaces()),
                  tokens = viewOf(op, op.getTokens()), segments = viewOf(op, op.getSegments());
  if (failed(choices) || failed(places) || failed(tokens) || failed(segments)) {
    return failure();
  }
  npu::Entry route = instruction(op, "topk.route");
  setAddress(route, "choices", *choices);
  setAddress(route, "places", *places);
  setAddress(route, "tokens", *tokens);
  setAddress(route, "segments", *segments);
  if (failed(setExtent(op, route, "rows", choices->extents[0]))) {
    return failure();
  }
  route["k"].value = choices->extents[1].value;
  route["experts"].value = segments->extents[1].value - 1;
  issue(op, std::move(route));
  for (const View &view : {*choices, *places, *tokens, *segments}) {
    doneWith(view);
  }
  return success();
}
