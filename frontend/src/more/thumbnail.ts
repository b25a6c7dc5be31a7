// A small picture of an image that somebody has sent. It is drawn, because an <img> would need the page's policy to
// allow it.
import type { ChatClient } from '../client';
import type { SentFile } from '../contract';

/** Draws the image when it comes into view. One that cannot be had leaves its name alone. */
export function drawFile(client: ChatClient, file: SentFile, canvas: HTMLCanvasElement): void {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    void draw(client, file, canvas).catch(() => canvas.remove());
  });
  observer.observe(canvas);
}

async function draw(client: ChatClient, file: SentFile, canvas: HTMLCanvasElement): Promise<void> {
  const response = await client.request('GET', `files/${file.id}/`);
  if (!response.ok) throw new Error(file.name);
  const image = await createImageBitmap(await response.blob());
  const scale = Math.max(canvas.width / image.width, canvas.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  canvas.getContext('2d')?.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  image.close();
}
