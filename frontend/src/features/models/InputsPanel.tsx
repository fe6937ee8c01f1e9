import { Stack } from '@mantine/core'
import { CodeBlock } from '@/components/CodeBlock'
import { InputTable } from '@/components/InputTable'
import { Panel } from '@/components/Panel'
import type { NetworkSummary } from '@/lib/api/types'
import { formatCount } from '@/lib/format'

type Input = NetworkSummary['inputs'][number]

const HELP = 'A dataset for this network holds an array for each input, named after it; the order does not matter.'

/** The inputs of a network that takes several, or tokens, and how to save a dataset for it. */
export function InputsPanel({ inputs }: { inputs: Input[] }) {
  const isAlone = inputs.length === 1
  return (
    <Panel title={isAlone ? 'Input' : 'Inputs'} help={isAlone ? undefined : HELP} testId="inputs">
      <Stack>
        <InputTable inputs={inputs} describeNumbers={describeNumbers} />
        <CodeBlock code={savingCode(inputs)} label="the saving of a dataset" />
      </Stack>
    </Panel>
  )
}

function describeNumbers({ type = 'float32', rows, is_used = true }: Input) {
  const numbers = rows == null ? type : `${type}, 0 to ${formatCount(rows - 1)}`
  return is_used ? numbers : `${numbers}; not used`
}

function savingCode(inputs: Input[]) {
  const arrays = inputs.map(({ name }) => (inputs.length === 1 ? '' : `_${name}`))
  const names = [...arrays.flatMap((end) => [`x_train${end}`, `x_test${end}`]), 'y_train', 'y_test']
  return `numpy.savez_compressed("data.npz", ${names.map((name) => `${name}=...`).join(', ')})`
}
