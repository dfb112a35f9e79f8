#include "KernelCases.h"

using namespace coopt;
using namespace coopt::npu::test;

namespace {

using Floats = std::vector<float>;
using Codes = std::vector<int8_t>;

int32_t narrow(int64_t number) { return static_cast<int32_t>(number); }

/// w [rows][depth] in panels [rows / width][depth][width]; behind the last row there is noise.
Codes inPanels(ImageRun &run, const Codes &w, int64_t rows, int64_t depth, int64_t width) {
  Codes panels =
      run.integers<int8_t>(static_cast<size_t>((rows + width - 1) / width * width * depth), -128, 127);
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t k = 0; k < depth; ++k) {
      panels[static_cast<size_t>((n / width * depth + k) * width + n % width)] =
          w[static_cast<size_t>(n * depth + k)];
    }
  }
  return panels;
}

void contractionOf(ImageRun &run, int64_t m, int64_t n, int64_t k) {
  const Codes a = run.integers<int8_t>(static_cast<size_t>(m * k), -128, 127),
              w = run.integers<int8_t>(static_cast<size_t>(n * k), -128, 127);
  const Floats ofRows = run.floats(static_cast<size_t>(m)), ofColumns = run.floats(static_cast<size_t>(n));
  const Codes panels = inPanels(run, w, n, k, run.arrayColumns());
  Floats y;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      int32_t sum = 0;
      for (int64_t l = 0; l < k; ++l) {
        sum += int32_t(a[static_cast<size_t>(i * k + l)]) * w[static_cast<size_t>(j * k + l)];
      }
      y.push_back(static_cast<float>(sum) * ofColumns[static_cast<size_t>(j)] *
                  ofRows[static_cast<size_t>(i)]);
    }
  }
  run.input(a);
  run.input(ofRows);
  run.input(panels);
  run.input(ofColumns);
  run.output(y);
  run.block({narrow(m), narrow(k), narrow(m), narrow(static_cast<int64_t>(panels.size())), narrow(n),
             narrow(m), narrow(n)});
}

} // namespace

void npu::test::product(ImageRun &run, int64_t size) { contractionOf(run, size, 37, 45); }

/// More steps of k than a quarter of the scratchpad takes weights of.
void npu::test::deepProduct(ImageRun &run, int64_t size) { contractionOf(run, size, 20, 4237); }

void npu::test::decoded(ImageRun &run, int64_t size) {
  const Codes codes = run.integers<int8_t>(static_cast<size_t>(size * 33), -128, 127);
  const Floats scales = run.floats(static_cast<size_t>(size));
  Floats y;
  for (size_t i = 0; i < codes.size(); ++i) {
    y.push_back(static_cast<float>(codes[i]) * scales[i / 33]);
  }
  run.input(codes);
  run.input(scales);
  run.output(y);
  run.block({narrow(size), 33, narrow(size), narrow(size), 33});
}

void npu::test::rows(ImageRun &run, int64_t size) {
  const Floats table = run.floats(11 * 24);
  const std::vector<int32_t> ids = run.integers<int32_t>(static_cast<size_t>(size), 0, 10);
  Floats y;
  for (const int32_t id : ids) {
    y.insert(y.end(), table.begin() + id * 24, table.begin() + (id + 1) * 24);
  }
  run.input(table);
  run.input(ids);
  run.output(y);
  run.block({11, 24, narrow(size), narrow(size), 24});
}

void npu::test::panels(ImageRun &run, int64_t size) {
  const Codes table = run.integers<int8_t>(40 * 18, -128, 127);
  const std::vector<int32_t> ids = run.integers<int32_t>(static_cast<size_t>(size), 0, 39);
  const Codes stored = inPanels(run, table, 40, 18, run.arrayColumns());
  Codes y;
  for (const int32_t id : ids) {
    y.insert(y.end(), table.begin() + id * 18, table.begin() + (id + 1) * 18);
  }
  run.input(stored);
  run.input(ids);
  run.output(y);
  run.block({narrow(static_cast<int64_t>(stored.size())), narrow(size), narrow(size), 18});
}
