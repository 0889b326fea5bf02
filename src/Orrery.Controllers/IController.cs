namespace Orrery.Controllers;

/// <summary>One controller: its constructor subscribes to informers, running it works its queue.</summary>
internal interface IController
{
    Task RunAsync(CancellationToken cancellationToken);
}
