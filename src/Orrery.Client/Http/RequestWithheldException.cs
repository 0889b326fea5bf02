namespace Orrery.Client;

/// <summary>A request that would change something did not leave this process, as <see cref="ClientConfig.MayChange"/> did not let it. Whoever withholds it says why, once for all.</summary>
public sealed class RequestWithheldException(string message) : HttpRequestException(message);
