namespace Orrery.Server.Webhooks;

/// <summary>A webhook did not answer, or not with what it is asked for. The text says why, for whoever configured it.</summary>
internal sealed class WebhookException(string message, Exception? inner = null) : Exception(message, inner);
