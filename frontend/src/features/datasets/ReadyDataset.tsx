import { Image, Table } from '@mantine/core'
import { Facts } from '@/components/Facts'
import { Hash } from '@/components/Hash'
import { Panel } from '@/components/Panel'
import type { DatasetSummary } from '@/lib/api/types'
import { formatCount, formatShape } from '@/lib/format'
import { files } from '@/lib/paths'
import { InputsPanel } from './InputsPanel'

/** Counts, examples and classes of a dataset. */
export function ReadyDataset({ id, summary }: { id: string; summary: DatasetSummary }) {
  const hasSeveral = summary.inputs.length > 1
  return (
    <>
      <Panel title="Overview">
        <Facts
          columns={5}
          facts={[
            { name: 'Training examples', value: formatCount(summary.train_count), testId: 'train-count' },
            { name: 'Test examples', value: formatCount(summary.test_count), testId: 'test-count' },
            { name: 'Classes', value: formatCount(summary.class_names.length), testId: 'class-count' },
            hasSeveral
              ? { name: 'Inputs', value: formatCount(summary.inputs.length), testId: 'input-count' }
              : { name: 'Shape of an example', value: formatShape(summary.input_shape) },
            { name: 'Content hash', value: <Hash value={summary.content_hash} label="content hash" /> },
          ]}
        />
      </Panel>
      {hasSeveral && <InputsPanel inputs={summary.inputs} />}
      <Panel title="Examples" help={describeExamples(summary.inputs)}>
        <Image
          src={files.examples(id)}
          alt="A grid of examples"
          data-testid="examples"
          radius="sm"
          fit="contain"
          maw={720}
          style={{ imageRendering: 'pixelated' }}
        />
      </Panel>
      <Panel title="Classes">
        <ClassTable summary={summary} />
      </Panel>
    </>
  )
}

/** Which of several inputs are in the picture; nothing where there is but one. */
function describeExamples(inputs: DatasetSummary['inputs']) {
  const drawn = inputs.filter((input) => input.is_drawn).map(({ name }) => name)
  if (inputs.length === 1) return undefined
  return drawn.length === 1 ? `Of the input ${drawn.join('')}.` : `From top to bottom: ${drawn.join(', ')}.`
}

function ClassTable({ summary }: { summary: DatasetSummary }) {
  return (
    <Table className="numbers">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Class</Table.Th>
          <Table.Th ta="right">Training examples</Table.Th>
          <Table.Th ta="right">Test examples</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {summary.class_names.map((name, index) => (
          <Table.Tr key={index}>
            <Table.Td>{name}</Table.Td>
            <Table.Td ta="right">{formatCount(summary.train_class_counts[index])}</Table.Td>
            <Table.Td ta="right">{formatCount(summary.test_class_counts[index])}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
