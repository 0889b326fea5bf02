using System.Net;

namespace Orrery.Client;

/// <summary>
/// A body that is sent only while its sender may still change anything: asked when the connection stands and takes it, which may be long after the request was made. A server acts on no
/// request of which the body does not come.
/// </summary>
internal sealed class FencedContent(byte[] body, Func<bool> may, string request) : HttpContent
{
    public static RequestWithheldException Refusal(string request) => new($"{request}: not sent");

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        may() ? stream.WriteAsync(body, cancellationToken).AsTask() : throw Refusal(request);

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
