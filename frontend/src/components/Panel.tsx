import { Card, Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props {
  title: string
  help?: ReactNode
  actions?: ReactNode
  children: ReactNode
  testId?: string
}

/** A titled card. */
export function Panel({ title, help, actions, children, testId }: Props) {
  return (
    <Card component="section" aria-label={title} data-testid={testId} miw={0}>
      <Group justify="space-between" align="flex-start" mb="md" gap="sm">
        <div>
          <Title order={2}>{title}</Title>
          {help && (
            <Text size="sm" c="dimmed" mt={2} {...(actions ? { maw: '48rem' } : {})}>
              {help}
            </Text>
          )}
        </div>
        {actions}
      </Group>
      {children}
    </Card>
  )
}
