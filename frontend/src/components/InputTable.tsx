import { Table } from '@mantine/core'
import { formatShape } from '@/lib/format'

interface Input {
  name: string
  shape: number[]
}

interface Props<T extends Input> {
  inputs: T[]
  describeNumbers: (input: T) => string
}

/** Inputs of a network, or the arrays of a dataset that go to them. */
export function InputTable<T extends Input>({ inputs, describeNumbers }: Props<T>) {
  return (
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
            <Table.Td className="numbers">{describeNumbers(input)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
