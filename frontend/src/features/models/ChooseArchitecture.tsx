import { Button, Group, Radio, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { ErrorNotice } from '@/components/ErrorNotice'
import { Panel } from '@/components/Panel'
import type { Model } from '@/lib/api/types'
import { formatShape } from '@/lib/format'
import { useChooseArchitecture } from '@/lib/queries/useChooseArchitecture'

/** Several architectures fit the tensors: which one was trained? */
export function ChooseArchitecture({ model }: { model: Model }) {
  const [choice, setChoice] = useState('0')
  const choose = useChooseArchitecture(model.id)
  const send = () => {
    const match = model.matches[Number(choice)]
    if (match) choose.mutate(match)
  }
  return (
    <Panel
      title="Which network is this?"
      help="Names and shapes of the tensors fit more than one. Pick the one that was trained."
      testId="choose-architecture"
    >
      <Stack>
        <Radio.Group value={choice} onChange={setChoice} aria-label="Architecture">
          <Stack gap="xs">
            {model.matches.map((match, index) => (
              <Radio.Card key={index} value={String(index)} p="md" radius="md" aria-label={match.title}>
                <Group wrap="nowrap">
                  <Radio.Indicator />
                  <div>
                    <Text fw={500}>{match.title}</Text>
                    <Text size="sm" c="dimmed">
                      Input {formatShape(match.input_shape)}, {match.class_count} classes
                    </Text>
                  </div>
                </Group>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        {choose.isError && <ErrorNotice error={choose.error} />}
        <Group>
          <Button onClick={send} loading={choose.isPending}>
            Use this architecture
          </Button>
        </Group>
      </Stack>
    </Panel>
  )
}
