import { InputTable } from '@/components/InputTable'
import { Panel } from '@/components/Panel'
import type { DatasetSummary } from '@/lib/api/types'
import { formatNumber } from '@/lib/format'

type Input = DatasetSummary['inputs'][number]

/** The arrays of a dataset for networks with several inputs. */
export function InputsPanel({ inputs }: { inputs: Input[] }) {
  return (
    <Panel title="Inputs" help="Each goes to the input of its name, whatever the order." testId="inputs">
      <InputTable inputs={inputs} describeNumbers={describeNumbers} />
    </Panel>
  )
}

function describeNumbers({ type, smallest, largest }: Input) {
  return `${type}, ${formatNumber(smallest)} to ${formatNumber(largest)}`
}
