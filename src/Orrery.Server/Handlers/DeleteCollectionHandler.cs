using Orrery.Api;
using Orrery.Server.Cache;

namespace Orrery.Server.Handlers;

/// <summary>DELETE of a collection: every object that the list options choose (one page of them where they limit it), each as a delete of its own. Answers what was chosen.</summary>
internal static class DeleteCollectionHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        AnswerForm form = AnswerForm.Read(request);
        ListOptions options = ListOptions.Read(request.Query, watch: false);
        DeleteOptions delete = await DeleteHandler.ReadOptionsAsync(request, cancellationToken);

        (ListHead head, ListPage chosen) = await ListHandler.TakeAsync(request, options, cancellationToken);
        foreach (CachedObject item in chosen.Items)
        {
            try
            {
                await request.Server.Deletion.DeleteAsync(DeleteHandler.Scope(request, item.Name, delete) with { Namespace = item.Namespace }, delete, cancellationToken);
            }
            catch (StatusException gone) when (gone.IsNotFound)
            {
                // Somebody else was faster.
            }
        }

        await ObjectResponse.WriteListAsync(request, form, head, chosen.Items, cancellationToken);
    }
}
