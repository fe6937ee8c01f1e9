import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { expect, test } from 'vitest'
import type { FirstLayer, NetworkSummary, PointEntry } from '@/lib/api/types'
import { firstLayersKey, modelKey, pointKey, runKey } from '@/lib/queries/keys'
import { PointPage } from './PointPage'

const sha256 = '0'.repeat(64)
const LOST = { removals: null, removals_notice: null, instability: 0.2, relative_instability: 0.25 }
const timing = (median: number) => ({ median_ms: median, lower_ms: median * 0.9, upper_ms: median * 1.1 })

function entry(index: number, changes: Partial<PointEntry> = {}): PointEntry {
  const weights = { name: 'model.safetensors', size: index === 0 ? 431080 : 215540, sha256 }
  const nothing = { file: null, onnx_check: null, error: null }
  return {
    point: {
      index,
      step: index * 10,
      sparsity: index / 4,
      macs: 6000,
      parameters: 862,
      widths: [4, 2],
      dense_accuracy: 0.9,
      pruned_accuracy: 0.7,
      retrained_accuracy: 0.88,
      retrained_loss: 0.3,
      test_accuracy: 0.8712,
      test_loss: 0.4,
      is_target: index === 1,
    },
    macs_density: 0.5,
    parameters_density: 0.25,
    compression_ratio: 4,
    notice: null,
    dead_notice: null,
    collapse_notice: null,
    keeps_shapes: index === 0,
    ...LOST,
    worst_classes: [],
    theoretical_speedup: 2,
    dense_macs: 12000,
    dense_parameters: 3448,
    files: [weights, { name: 'model.py', size: 3120, sha256 }],
    formats: [
      { format: 'safetensors', standing: 'ready', ...nothing, file: weights },
      { format: 'pt2', standing: 'absent', ...nothing },
      { format: 'onnx', standing: 'running', ...nothing },
    ],
    latency: { standing: 'absent', report: null, error: null },
    ...changes,
  }
}

function picture(layer: string, input: string, caption: string): FirstLayer {
  const cells = { shape: [2], size: [2], fold: 1, is_input: true, dense: 3, has_zeros: true, counts: [1, 0], norms: [0.5, 0] }
  const figure = { data: [], layout: { height: 220 } }
  return { picture: { kind: 'inputs', layer, inputs: [input], ...cells }, caption, figure }
}

function show(
  index: number,
  changes: Partial<PointEntry> = {},
  firstLayers: FirstLayer[] = [],
  summary?: Partial<NetworkSummary>,
) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(pointKey('r1', 0), entry(0))
  client.setQueryData(pointKey('r1', index), entry(index, changes))
  client.setQueryData(firstLayersKey('r1', index), firstLayers)
  client.setQueryData(runKey('r1'), { name: 'A run', state: 'completed', model_id: summary ? 'm1' : null })
  client.setQueryData(modelKey('m1'), { state: 'ready', summary })
  const router = createMemoryRouter([{ path: '/runs/:id/points/:index', element: <PointPage /> }], {
    initialEntries: [`/runs/r1/points/${index}`],
  })
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

test('sizes stand beside the dense ones', () => {
  show(1)
  const sizes = screen.getByTestId('sizes')
  expect(sizes).toHaveTextContent('Parameters3,44886225.0%4.00 × smaller')
  expect(sizes).toHaveTextContent('MACs per example12,0006,00050.0%2.00 × in theory')
  expect(sizes).toHaveTextContent('Weights on disk431 kB216 kB50.0%')
})

test('a network with zeros says what it is, and no latency is offered for it', () => {
  const notice = 'Same shapes; 600 of 800 weights are zero.'
  const zeros = { count: 600, prunable: 800, left: [150, 50], compressed_bytes: 107770, file_macs: 12000, file_parameters: 1724 }
  show(1, { notice, keeps_shapes: true, point: { ...entry(1).point, zeros } })
  expect(screen.getByTestId('zeros-notice')).toHaveTextContent(notice)
  expect(screen.getByTestId('sizes')).toHaveTextContent('Parameters in the file3,4481,72450.0%2.00 × smaller')
  expect(screen.getByTestId('sizes')).toHaveTextContent('Parameters that are not zero3,44886225.0%')
  expect(screen.getByTestId('sizes')).toHaveTextContent('MACs per example in the file12,00012,000100.0%MACs')
  expect(screen.getByTestId('sizes')).toHaveTextContent('Compressed (values and indices)431 kB108 kB25.0%')
  expect(screen.getByTestId('sizes')).not.toHaveTextContent('in theory')
  expect(screen.queryByTestId('latency')).not.toBeInTheDocument()
})

test('bits that weights need are told as an estimate', () => {
  const bits = { layers: [null, 9, 7], bytes: 43108 }
  show(1, { point: { ...entry(1).point, weight_bits: bits } })
  expect(screen.getByTestId('sizes')).toHaveTextContent(
    'Bits that weights need (estimate)431 kB43.1 kB10.0%7 to 9 bits, not a file',
  )
})

test('a network of zeros that lost dead channels says which, and its latency can be measured', () => {
  show(1, { notice: '600 of 700 weights are zero.', dead_notice: '12 dead channels removed: 12 in `fc1`.' })
  expect(screen.getByTestId('dead-notice')).toHaveTextContent('12 dead channels removed: 12 in fc1.')
  expect(screen.getByTestId('zeros-notice')).toHaveTextContent('600 of 700')
  expect(screen.getByTestId('latency')).toBeInTheDocument()
})

test('a format is downloaded, ordered, or on its way', () => {
  show(1)
  const zip = within(screen.getByTestId('format-safetensors')).getByRole('link', { name: /Zip/ })
  expect(zip).toHaveAttribute('href', '/api/runs/r1/points/1/bundle.zip')
  expect(screen.getByRole('button', { name: 'Make the pt2 file' })).toBeEnabled()
  expect(within(screen.getByTestId('format-onnx')).getByRole('status')).toHaveTextContent('Being made')
  expect(screen.getByTestId('format-pt2')).toHaveTextContent('torch.export.load("model.pt2")')
})

test('the code of every format calls the network with its own inputs', () => {
  const inputs = [
    { name: 'tokens', shape: [5], type: 'int64', rows: 20 },
    { name: 'model', shape: [3], type: 'float32' },
  ]
  show(1, {}, [], { inputs, further_outputs: [[3]] })
  const code = (format: string) => screen.getByTestId(`format-${format}`)
  expect(code('safetensors')).toHaveTextContent('scores = network(*model.scale(tokens, model_1))[0]')
  expect(code('pt2')).toHaveTextContent('scores = program.module()(tokens, model_1)[0]')
  expect(code('pt2')).toHaveTextContent('# tokens: int64, as stored # model_1: float32, scaled as manifest.json says')
  expect(code('onnx')).toHaveTextContent('session.run(["scores"], {"tokens": tokens, "model": model_1})[0]')
})

test.each([undefined, { inputs: [{ name: 'x', shape: [1, 8, 8], type: 'float32' }] }])(
  'the code for a single input gives that one',
  (summary) => {
    show(1, {}, [], summary)
    const code = (format: string) => screen.getByTestId(`format-${format}`)
    expect(code('safetensors')).toHaveTextContent('scores = network(model.scale(inputs))')
    expect(code('pt2')).toHaveTextContent('scores = program.module()(inputs)')
    expect(code('onnx')).toHaveTextContent('session.run(["scores"], {"input": inputs})[0]')
  },
)

test('a checked ONNX model says how it was checked, and goes into a chosen zip', async () => {
  const onnx = { name: 'model.onnx', size: 216000, sha256 }
  const check = {
    data: 'test split' as const,
    opset: 20,
    runtime_version: '1.31.1',
    examples: 359,
    available: 359,
    largest_difference: 4.7e-7,
    agreement: 1,
  }
  const [first, second] = entry(1).formats
  if (!first || !second) throw new Error('a point has formats')
  show(1, { formats: [first, second, { format: 'onnx', standing: 'ready', file: onnx, onnx_check: check, error: null }] })
  expect(screen.getByTestId('onnx-check')).toHaveTextContent(/359 test examples: every predicted class equal/)
  const choice = screen.getByTestId('zip-choice')
  expect(within(choice).getByRole('link')).toHaveAttribute(
    'href',
    '/api/runs/r1/points/1/bundle.zip?formats=safetensors&formats=onnx',
  )
  await userEvent.click(within(choice).getByLabelText('.safetensors'))
  expect(within(choice).getByRole('link')).toHaveAttribute('href', '/api/runs/r1/points/1/bundle.zip?formats=onnx')
})

test('a failed format shows why and can be tried again', () => {
  const error = { code: 'export_failed', detail: 'The batch is fixed.', hint: 'Take the safetensors.' }
  const [first, , third] = entry(1).formats
  if (!first || !third) throw new Error('a point has formats')
  show(1, { formats: [first, { format: 'pt2', standing: 'failed', file: null, onnx_check: null, error }, third] })
  expect(screen.getByTestId('failure')).toHaveTextContent('The batch is fixed.')
  expect(screen.getByRole('button', { name: 'Make the pt2 file' })).toHaveTextContent('Try again')
})

test('latency shows medians, quartiles, the machine and what is missing', () => {
  const row = { runtime: 'torch' as const, batch: 1, rounds: 200, dense: timing(2), thin: timing(1) }
  const report = {
    host: {
      processor: 'A processor',
      processor_count: 2,
      threads: 2,
      system: 'Linux',
      torch_version: '2.13.0',
      onnxruntime_version: '1.31.1',
      load: 0.1,
    },
    rows: [{ ...row, latency_speedup: 2, lower_speedup: 1.8, upper_speedup: 2.2 }],
    gaps: [{ runtime: 'onnxruntime' as const, batch: 64, reason: 'It would take too long.' }],
    seconds: 4,
  }
  show(1, { latency: { standing: 'ready', report, error: null } })
  expect(screen.getByTestId('latency-row')).toHaveTextContent('torch, eagerbatch 12.00 ms1.8–2.21.00 ms0.9–1.12.00 ×1.80–2.20')
  expect(screen.getByTestId('latency-table')).toHaveTextContent('Not measured. It would take too long.')
  expect(screen.getByTestId('latency-host')).toHaveTextContent('A processor, 2 processors, 2 threads')
  expect(screen.queryByText(/doing other work/)).not.toBeInTheDocument()
})

test('the dense network has no latency of its own', () => {
  show(0)
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('The dense network')
  expect(screen.queryByTestId('latency')).not.toBeInTheDocument()
})

test('calibration, the classes that lost most and what the removals took stand beside the dense network', () => {
  show(1, {
    point: { ...entry(1).point, before_accuracy: 0.8, pruned_accuracy: 0.6, test_calibration_error: 0.0312 },
    worst_classes: [{ label: 7, dense_accuracy: 0.9, accuracy: 0.5, change: -0.4 }],
    removals_notice: '12 removals took 2.00 points of validation accuracy each on average.',
  })
  const quality = screen.getByTestId('quality')
  expect(quality).toHaveTextContent('Test accuracy87.12%87.12%')
  expect(quality).toHaveTextContent('Calibration error, test–3.12%')
  expect(quality).toHaveTextContent('Class 7, test accuracy90.00%50.00%')
  expect(quality).toHaveTextContent('from 80.00% to 60.00%, which is 25.0% less, before retraining. 12 removals took')
})

test('the layers that read the input are shown with what is left of them', () => {
  show(1, {}, [picture('stem.conv', 'x', '6 of 20 filters are left.')])
  const panel = screen.getByTestId('first-layers')
  expect(within(panel).getByRole('heading')).toHaveTextContent('First layer')
  expect(panel).toHaveTextContent('stem.conv6 of 20 filters are left.')
  expect(panel).not.toHaveTextContent('reads')
})

test('where there are several inputs, each layer says which it reads', () => {
  show(1, {}, [picture('image', 'picture', 'Filters.'), picture('words', 'vector', 'Inputs.')])
  const panel = screen.getByTestId('first-layers')
  expect(panel).toHaveTextContent('First layers')
  expect(panel).toHaveTextContent('words reads vector')
})

test('where no layer has a picture there is no panel', () => {
  show(1)
  expect(screen.queryByTestId('first-layers')).not.toBeInTheDocument()
})
