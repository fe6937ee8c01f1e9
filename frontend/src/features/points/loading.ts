import type { NetworkSummary } from '@/lib/api/types'

/** What a call of a network depends on: its inputs, in their order, and how many outputs there are. */
export type Signature = Pick<NetworkSummary, 'inputs' | 'further_outputs'>

type Input = Signature['inputs'][number]

/** Where the model is not known any more: one input of numbers, and the class scores. */
const UNKNOWN: Signature = { inputs: [{ name: 'inputs', shape: [], type: 'float32' }], further_outputs: [] }

/** Names that the code gives to something else. */
const TAKEN = ['model', 'network', 'onnxruntime', 'program', 'scores', 'session', 'torch']

/** How `model.py` is loaded and called. */
export function sourceCode(signature = UNKNOWN): string {
  const names = argumentsOf(signature)
  const scaled = names.length === 1 ? `model.scale(${names.join()})` : `*model.scale(${names.join(', ')})`
  return lines(
    '# model.py and model.safetensors, side by side',
    'import model',
    '',
    'network = model.load()',
    `# ${names.join(', ')}: as stored`,
    `scores = network(${scaled})${first(signature)}`,
  )
}

/** How `model.pt2` is loaded and called. */
export function programCode(signature = UNKNOWN): string {
  return lines(
    'import torch',
    '',
    'program = torch.export.load("model.pt2")',
    ...preparations(signature),
    `scores = program.module()(${argumentsOf(signature).join(', ')})${first(signature)}`,
  )
}

/** How `model.onnx` is loaded and called; an only input is called `input` there. */
export function onnxCode(signature = UNKNOWN): string {
  const { inputs } = signature
  const feed = argumentsOf(signature).map(
    (argument, position) => `"${inputs.length === 1 ? 'input' : inputs[position]?.name}": ${argument}`,
  )
  return lines(
    'import onnxruntime',
    '',
    'session = onnxruntime.InferenceSession("model.onnx")',
    ...preparations(signature),
    `scores = session.run(["scores"], {${feed.join(', ')}})[0]`,
  )
}

function argumentsOf({ inputs }: Signature): string[] {
  return inputs.length === 1 ? ['inputs'] : inputs.map(({ name }) => (TAKEN.includes(name) ? `${name}_1` : name))
}

/** Of a network that returns several values, the class scores. */
function first({ further_outputs = [] }: Signature): string {
  return further_outputs.length > 0 ? '[0]' : ''
}

/** Comments that say what each argument must be. */
function preparations(signature: Signature): string[] {
  const names = argumentsOf(signature)
  return signature.inputs.map((input, position) => `# ${names[position]}: ${preparation(input)}`)
}

function preparation({ type = 'float32' }: Input): string {
  return `${type}, ${type.includes('float') ? 'scaled as manifest.json says' : 'as stored'}`
}

function lines(...all: string[]): string {
  return all.join('\n')
}
