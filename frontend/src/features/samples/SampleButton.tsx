import { Button, Modal, type ButtonProps } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconSchool } from '@tabler/icons-react'
import { SampleForm } from './SampleForm'

/** Opens the order for a sample network. */
export function SampleButton(look: ButtonProps) {
  const [isOpen, dialog] = useDisclosure(false)
  return (
    <>
      <Button leftSection={<IconSchool size={16} />} {...look} onClick={dialog.open}>
        Train a sample network
      </Button>
      <Modal opened={isOpen} onClose={dialog.close} title="Train a sample network" centered>
        <SampleForm />
      </Modal>
    </>
  )
}
