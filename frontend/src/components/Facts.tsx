import { SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'

export interface Fact {
  name: string
  value: ReactNode
  testId?: string
}

/** A row of named values. */
export function Facts({ facts, columns = 4 }: { facts: Fact[]; columns?: number }) {
  return (
    <SimpleGrid component="dl" cols={{ base: 2, sm: Math.min(columns, 3), md: columns }} spacing="md" m={0}>
      {facts.map(({ name, value, testId }) => (
        <div key={name} style={{ minWidth: 0 }}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text component="dd" m={0} fw={500} className="numbers" data-testid={testId} style={{ overflowWrap: 'anywhere' }}>
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  )
}
