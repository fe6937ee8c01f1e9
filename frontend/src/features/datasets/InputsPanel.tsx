import { Table } from '@mantine/core'
import { Panel } from '@/components/Panel'
import type { DatasetSummary } from '@/lib/api/types'
import { formatNumber, formatShape } from '@/lib/format'

type Input = DatasetSummary['inputs'][number]

/** The arrays of a dataset for networks with several inputs. */
export function InputsPanel({ inputs }: { inputs: Input[] }) {
  return (
    <Panel title="Inputs" help="Each goes to the input of its name, whatever the order." testId="inputs">
      <Table horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Shape</Table.Th>
            <Table.Th>Numbers</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {inputs.map((input) => (
            <Table.Tr key={input.name} data-testid="input-row">
              <Table.Td fw={500} miw="12ch" style={{ overflowWrap: 'anywhere' }}>
                {input.name}
              </Table.Td>
              <Table.Td className="numbers">{formatShape(input.shape)}</Table.Td>
              <Table.Td className="numbers">
                {input.type}, {formatNumber(input.smallest)} to {formatNumber(input.largest)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  )
}
