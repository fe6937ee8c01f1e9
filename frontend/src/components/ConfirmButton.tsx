import { Button, Group, Popover, Text, type ButtonProps } from '@mantine/core'
import { useState } from 'react'

interface Props extends ButtonProps {
  label: string
  question: string
  confirm: string
  onConfirm: () => void
}

/** A button that asks before it acts. */
export function ConfirmButton({ label, question, confirm, onConfirm, ...look }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" withArrow trapFocus width={280}>
      <Popover.Target>
        <Button variant="default" {...look} onClick={() => setOpen(!isOpen)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm">{question}</Text>
        <Group mt="sm" gap="xs" justify="flex-end">
          <Button size="xs" variant="subtle" color="gray" onClick={() => setOpen(false)}>
            Keep
          </Button>
          <Button
            size="xs"
            color="red"
            onClick={() => {
              setOpen(false)
              onConfirm()
            }}
          >
            {confirm}
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  )
}
