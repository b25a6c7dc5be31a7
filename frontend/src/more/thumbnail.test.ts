// Images that were sent are drawn small, once they come into view.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChatClient } from '../client';
import type { SentFile } from '../contract';
import { drawFile } from './thumbnail';

type Seen = (entries: readonly { readonly isIntersecting: boolean }[]) => void;

const FILE: SentFile = { id: 'f-1', name: 'kettle.jpg', content_type: 'image/jpeg', size: 9 };
let comesIntoView: Seen = () => undefined;

class Observer {
  constructor(seen: Seen) {
    comesIntoView = seen;
  }
  observe = vi.fn();
  disconnect = vi.fn();
}

function picture(status: number): { readonly canvas: HTMLCanvasElement; readonly request: ReturnType<typeof vi.fn>; readonly drawImage: ReturnType<typeof vi.fn> } {
  vi.stubGlobal('IntersectionObserver', Observer);
  vi.stubGlobal('createImageBitmap', () => Promise.resolve({ width: 640, height: 960, close: vi.fn() }));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [320, 240];
  const drawImage = vi.fn();
  canvas.getContext = vi.fn(() => ({ drawImage })) as never;
  document.body.append(canvas);
  const request = vi.fn(() => Promise.resolve(new Response('image', { status })));
  drawFile({ request } as unknown as ChatClient, FILE, canvas);
  return { canvas, request, drawImage };
}

afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

describe('an image that was sent', () => {
  it('is fetched when it comes into view, and fills its place from the middle', async () => {
    const { request, drawImage } = picture(200);
    comesIntoView([{ isIntersecting: false }]);
    expect(request).not.toHaveBeenCalled();
    comesIntoView([{ isIntersecting: true }]);
    await vi.waitFor(() => expect(drawImage).toHaveBeenCalledWith(expect.anything(), 0, -120, 320, 480));
    expect(request).toHaveBeenCalledWith('GET', 'files/f-1/');
  });

  it('leaves its name alone where it cannot be had', async () => {
    const { canvas, drawImage } = picture(404);
    comesIntoView([{ isIntersecting: true }]);
    await vi.waitFor(() => expect(canvas.isConnected).toBe(false));
    expect(drawImage).not.toHaveBeenCalled();
  });
});
