import { Accordion, Card, Code, Group, Text } from '@mantine/core'
import { Hash } from '@/components/Hash'
import type { Run } from '@/lib/api/types'
import { MeasuredTimes } from './MeasuredTimes'

/** What was asked of the run, word for word. */
export function OrderPanel({ run }: { run: Run }) {
  return (
    <Card p={0}>
      <Accordion chevronPosition="left">
        <Accordion.Item value="order" style={{ border: 0 }}>
          <Accordion.Control>{run.kind === 'sample' ? 'Order' : 'Recipe'}</Accordion.Control>
          <Accordion.Panel>
            {run.recipe_fingerprint && (
              <Group gap="xs" mb="sm">
                <Text size="sm" c="dimmed">
                  Fingerprint
                </Text>
                <Hash value={run.recipe_fingerprint} label="fingerprint" />
              </Group>
            )}
            <Code block>{JSON.stringify(run.recipe ?? run.order, null, 2)}</Code>
            <MeasuredTimes run={run} />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Card>
  )
}
